"""Tables for people."""

import re

GOAL_TWO_WORKERS = 1.15  # CPU per request of two workers, times one worker's
WORKERS = re.compile(r"-(\d+)w$")  # of a row's name


def verdict(value, goal):
    return f"{value:.2f} (goal {goal:.2f}: {'reached' if value <= goal else 'MISSED'})"


def ratio(summary, name, base, key="cpu_us"):
    """A row's figure in those of the server `base` with as many workers, None when that one was not measured."""
    workers = WORKERS.search(name)
    base += workers[0] if workers else ""
    return summary[name][key] / summary[base][key] if base in summary else None


def number(value, width=9):
    return f"{value:>{width}.2f}" if value is not None else " " * width


def rounds_table(workload, summary):
    lines = [f"{'':<12}{'req/s':>10}{'p50 µs':>9}{'p99 µs':>9}{'CPU µs':>10}{'user µs':>9}{'busy':>6}{'x floor':>9}{'x nginx':>9}"]
    for name, row in summary.items():
        lines.append(
            f"{name:<12}{row['rate']:>10.0f}{row['p50_us']:>9.0f}{row['p99_us']:>9.0f}{row['cpu_us']:>10.3f}"
            f"{row['user_us']:>9.3f}{row['server_busy']:>6.0%}{number(ratio(summary, name, 'floor'))}{number(ratio(summary, name, 'nginx'))}"
        )
    stolen = max(row["stolen"] for row in summary.values())
    if stolen > 0.02:
        lines.append(f"note: the host took up to {stolen:.0%} of a cpu during a round; run again for figures to rely on")
    for name, row in summary.items():
        lines += facts_line(name, row["facts"]) + calls_line(name, row["calls"])
    return lines + goal_lines(workload, summary) + worker_lines(summary)


def facts_line(name, facts):
    return [f"{name}: " + ", ".join(f"{key} {value}" for key, value in facts.items())] if facts else []


def calls_line(name, calls):
    if calls is None:
        return [f"{name}: strace may not trace here, system calls not counted"]
    shown = ", ".join(f"{call} {count:.2f}" for call, count in calls.items() if count >= 0.01)
    return [f"{name}: system calls per request: {sum(calls.values()):.2f} ({shown})"]


def goal_lines(workload, summary):
    goals = [("", "cpu_us", base, goal) for base, goal in workload.goals.items()]
    goals += [(", p99", "p99_us", base, goal) for base, goal in workload.p99_goals.items()]
    if "flared" not in summary:
        return [f"goal: flared / {base}{of} at most {goal:.2f}" for of, _, base, goal in goals]
    lines = [
        f"flared / {base}{of}: {verdict(ratio(summary, 'flared', base, key), goal)}"
        for of, key, base, goal in goals if base in summary
    ]
    if workload.size_goal in summary:
        sizes = [summary[name]["facts"]["body_bytes"] for name in ("flared", workload.size_goal)]
        lines.append(f"flared / {workload.size_goal}, bytes: {verdict(sizes[0] / sizes[1], 1.0)}")
    return lines


def worker_lines(summary):
    lines = []
    for name in sorted({WORKERS.sub("", name) for name in summary if WORKERS.search(name)}):
        value = summary[f"{name}-2w"]["cpu_us"] / summary[f"{name}-1w"]["cpu_us"]
        shown = verdict(value, GOAL_TWO_WORKERS) if name == "flared" else f"{value:.2f}"
        lines.append(f"{name}: CPU per request of 2 workers / 1 worker: {shown}")
    return lines


def idle_table(workload, found):
    lines = [f"{'':<12}{'Pss before':>12}{'Pss MB':>10}{'B/conn':>9}{'idle CPU':>10}"]
    for name, row in found.items():
        lines.append(
            f"{name:<12}{row['pss_before_mb']:>12.1f}{row['pss_mb']:>10.1f}{row['bytes_per_connection']:>9.0f}"
            f"{row['idle_cpu_percent']:>9.2f}%"
        )
    for base, goal in workload.goals.items():
        if "flared" in found and base in found:
            lines.append(f"flared / {base}, bytes per connection: {verdict(ratio(found, 'flared', base, 'bytes_per_connection'), goal)}")
    if workload.goal_bytes and "flared" in found:
        lines.append(f"flared, bytes per connection: {verdict(found['flared']['bytes_per_connection'], workload.goal_bytes)}")
    return lines
