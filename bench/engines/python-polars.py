"""Polars in Python, driven by the harness: one JSON object a line in, one out. Queries are expressions of the suite's own file."""
import json
import os
import resource
import sys
import time

setup = json.loads(sys.stdin.readline())
os.environ['POLARS_MAX_THREADS'] = str(max(1, setup['workers']))
import polars as pl  # noqa: E402

c = pl.col


def say(**message):
    message['rssBytes'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(message), flush=True)


def known(column):
    return column.fill_nan(None) if column.dtype.is_float() else column


start = time.perf_counter()
tables = {name: pl.read_parquet(path).with_columns(pl.selectors.datetime(time_zone='UTC').dt.replace_time_zone(None)).rechunk() for name, path in setup['tables'].items()}
say(loaded=time.perf_counter() - start, version=pl.__version__, workers=setup['workers'])
result = None
for line in sys.stdin:
    command = json.loads(line)
    try:
        if 'run' in command:
            result = None
            query = eval(command['query'], {'pl': pl, 'c': c, **{name: table.lazy() for name, table in tables.items()}})
            start, cpu = time.perf_counter(), time.process_time()
            result = query.collect()
            say(seconds=time.perf_counter() - start, cpuSeconds=time.process_time() - cpu)
        elif 'check' in command:
            say(check=[result.height] + [float(known(result[name]).sum() or 0) for name in command['columns']])
        else:
            break
    except Exception as error:
        say(error=str(error)[:300])
