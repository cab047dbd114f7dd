"""Tables for people."""

from .workloads import GOAL_IDLE_BYTES, GOAL_TWO_WORKERS


def verdict(value, goal):
    return f"{value:.2f} (goal {goal:.2f}: {'reached' if value <= goal else 'MISSED'})"


def rounds_table(workload, summary):
    lines = [f"{'':<12}{'req/s':>10}{'p50 µs':>9}{'p99 µs':>9}{'CPU µs':>9}{'user µs':>9}{'busy':>6}{'x floor':>9}{'x nginx':>9}"]
    for name, row in summary.items():
        suffix = "-" + name.partition("-")[2] if "-" in name else ""
        ratios = [row["cpu_us"] / summary[base + suffix]["cpu_us"] for base in ("floor", "nginx")]
        lines.append(
            f"{name:<12}{row['rate']:>10.0f}{row['p50_us']:>9.0f}{row['p99_us']:>9.0f}{row['cpu_us']:>9.3f}"
            f"{row['user_us']:>9.3f}{row['server_busy']:>6.0%}{ratios[0]:>9.2f}{ratios[1]:>9.2f}"
        )
    stolen = max(row["stolen"] for row in summary.values())
    if stolen > 0.02:
        lines.append(f"note: the host took up to {stolen:.0%} of a cpu during a round; run again for figures to rely on")
    if "flared" in summary:
        for base, goal in workload.goals.items():
            lines.append(f"flared / {base}: {verdict(summary['flared']['cpu_us'] / summary[base]['cpu_us'], goal)}")
    for name in sorted({name.partition("-")[0] for name in summary if "-" in name}):
        ratio = summary[f"{name}-2w"]["cpu_us"] / summary[f"{name}-1w"]["cpu_us"]
        lines.append(f"{name}: CPU per request of 2 workers / 1 worker: {verdict(ratio, GOAL_TWO_WORKERS) if name == 'flared' else f'{ratio:.2f}'}")
    return lines


def idle_table(found):
    lines = [f"{'':<12}{'Pss before':>12}{'Pss MB':>10}{'B/conn':>9}{'idle CPU':>10}"]
    for name, row in found.items():
        lines.append(
            f"{name:<12}{row['pss_before_mb']:>12.1f}{row['pss_mb']:>10.1f}{row['bytes_per_connection']:>9.0f}"
            f"{row['idle_cpu_percent']:>9.2f}%"
        )
    if "flared" in found:
        lines.append(f"flared, bytes per connection: {verdict(found['flared']['bytes_per_connection'], GOAL_IDLE_BYTES)}")
    return lines
