"""Settings of the embedded PostgreSQL, for bulk loads on a small machine."""

import os
import shutil
from pathlib import Path

MEGABYTE = 1 << 20
# Of a container's memory: version 2 and version 1 of Linux's control groups.
LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def tuned_settings(host: str, port: int, has_statistics: bool, major: int = 15) -> str:
    """Return the text of a configuration file for this machine and version of PostgreSQL.

    `has_statistics` preloads pg_stat_statements.
    """
    memory = machine_memory() // MEGABYTE
    processors = machine_processors()
    settings: dict[str, object] = {
        "listen_addresses": f"'{host}'",
        "port": port,
        # TCP with a password serves every client; socket folders have length and permission traps.
        "unix_socket_directories": "''",
        "password_encryption": "'scram-sha-256'",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        # The reasons that we quote from the log are looked for in English.
        "lc_messages": "'C'",
        "shared_buffers": f"{max(16, min(2048, memory // 4))}MB",
        "effective_cache_size": f"{memory * 5 // 8}MB",
        "work_mem": f"{max(4, min(64, memory // 64))}MB",
        "maintenance_work_mem": f"{max(16, min(1024, memory // 16))}MB",
        "max_wal_size": "8GB",
        "min_wal_size": "1GB",
        "checkpoint_timeout": "30min",
        # A crash may lose the last commits of others than a night (warehouse/session.py).
        "synchronous_commit": "off",
        # Skips the log for tables filled in the transaction that creates them; no replication.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        # These wheels have pglz only, which cost a merge half as much again.
        "wal_compression": "off",
        "jit": "off",
        "random_page_cost": 1.1,
        "max_worker_processes": max(8, processors),
        "max_parallel_workers": processors,
        "max_parallel_workers_per_gather": max(1, processors // 2),
        "max_parallel_maintenance_workers": max(1, processors // 2),
        "track_io_timing": "on",
        # The night's user is a superuser: whatever readers hold, it has these to itself.
        "max_connections": 120,
        "superuser_reserved_connections": 20,
        # A login may lock every table and index there is in each of its connections.
        "max_locks_per_transaction": 256,
        # Stops the query of a client that was killed.
        "client_connection_check_interval": "'2s'",
    }
    if has_statistics:
        settings["shared_preload_libraries"] = "'pg_stat_statements'"
    if major >= 17:
        # Of NOTIFY, which no right is needed for: 8 MB instead of 8 GB.
        settings["max_notify_queue_pages"] = 1024
    shared = Path("/dev/shm")
    if shared.exists() and shutil.disk_usage(shared).total < 1024 * MEGABYTE:
        # A container's 64 MB are too small for parallel queries.
        settings["dynamic_shared_memory_type"] = "'mmap'"
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def machine_memory() -> int:
    """Return the bytes of memory that this process may use."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [path.read_text(encoding="ascii").strip() for path in LIMITS if path.exists()]
    return min([physical, *(int(limit) for limit in limits if limit.isdecimal())])


def machine_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
