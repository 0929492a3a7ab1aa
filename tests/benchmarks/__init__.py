"""Speed, as ratios against named alternatives."""

from artifacts.threads import prepare

prepare()  # As a run is started; bench_busy compares with torch as it comes.
