"""How fast Moorage is: each figure beside a floor that was measured in the same run, because absolute times on
shared machines lie. `python -m benchmarks --help`; the results and what they mean stand in docs/benchmarks.md."""
