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


def load(path):
    if setup.get('converts'):
        return path
    lazy = pl.scan_parquet(path).with_columns(pl.selectors.datetime(time_zone='UTC').dt.replace_time_zone(None))
    return lazy if setup.get('fromFiles') else lazy.collect().rechunk().lazy()


tables = {name: load(path) for name, path in setup['tables'].items()}
say(loaded=time.perf_counter() - start, version=pl.__version__, workers=setup['workers'])
result = None
for line in sys.stdin:
    command = json.loads(line)
    try:
        if 'run' in command:
            result = None
            start, cpu = time.perf_counter(), time.process_time()
            query = eval(command['query'], {'pl': pl, 'c': c, 'out': command.get('out'), **tables})
            result = query.collect() if query is not None else None
            say(seconds=time.perf_counter() - start, cpuSeconds=time.process_time() - cpu)
        elif 'check' in command:
            say(check=[result.height] + [float(known(result[name]).sum() or 0) for name in command['columns']])
        elif 'end' in command:
            break
        else:
            say()
    except Exception as error:
        say(error=str(error)[:300])
