"""Small disks that fill up; only root can mount them, and not in every container."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(*words: str, at: Path) -> Iterator[None]:
    """Mount something on a folder for a while."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    done = subprocess.run(["mount", *words, str(at)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@contextmanager
def moved_to_small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Keep a folder of the server on a small disk for a while, with what is in it."""
    kept = folder.with_name(f"{folder.name}.kept")
    folder.rename(kept)
    try:
        folder.mkdir()
        with mounted("-t", "tmpfs", "-o", f"size={size}", "tmpfs", at=folder):
            shutil.copytree(kept, folder, dirs_exist_ok=True)
            for one in (folder, *folder.rglob("*")):
                original = (kept / one.relative_to(folder)).stat()
                os.chown(one, original.st_uid, original.st_gid)
                one.chmod(original.st_mode & 0o777)
            yield folder
            shutil.rmtree(kept)
            shutil.copytree(folder, kept)
    finally:
        folder.rmdir()
        kept.rename(folder)


def fill(folder: Path) -> Path:
    """Write a file until nothing more goes on its disk; return it."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as filling:
        try:
            while True:
                filling.write(bytes(1 << 12))
        except OSError:
            pass
    return path
