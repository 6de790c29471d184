"""Settings of the embedded PostgreSQL for bulk loads on a small machine."""

import os
import shutil
from pathlib import Path

MEGABYTE = 1 << 20


def tuned_settings(host: str, port: int, statistics: bool) -> str:
    """Return the text of a configuration file for this machine.

    `statistics` preloads pg_stat_statements, where the programs have it.
    """
    memory = machine_memory() // MEGABYTE
    processors = os.cpu_count() or 1
    settings = {
        "listen_addresses": f"'{host}'",
        "port": port,
        # TCP with a password serves every client; socket folders have length and permission traps.
        "unix_socket_directories": "''",
        "timezone": "'UTC'",
        "lc_messages": "'C'",
        "shared_buffers": f"{min(memory // 4, 2048)}MB",
        "effective_cache_size": f"{memory * 5 // 8}MB",
        "work_mem": f"{max(4, min(64, memory // 64))}MB",
        "maintenance_work_mem": f"{max(16, min(1024, memory // 16))}MB",
        "max_wal_size": "8GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "30min",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "jit": "off",
        "random_page_cost": 1.1,
        "max_parallel_workers": processors,
        "max_parallel_workers_per_gather": max(1, processors // 2),
        "max_parallel_maintenance_workers": max(1, processors // 2),
        "track_io_timing": "on",
    }
    if statistics:
        settings["shared_preload_libraries"] = "'pg_stat_statements'"
    shared = Path("/dev/shm")
    if shared.exists() and shutil.disk_usage(shared).total < 1024 * MEGABYTE:
        # A container's 64 MB are too small for parallel queries.
        settings["dynamic_shared_memory_type"] = "'mmap'"
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def machine_memory() -> int:
    """Return the bytes of memory that this process may use."""
    limit = Path("/sys/fs/cgroup/memory.max")
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if limit.exists():
        text = limit.read_text(encoding="ascii").strip()
        if text.isdecimal():
            return min(int(text), physical)
    return physical
