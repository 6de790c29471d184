"""What a night costs, each figure beside the floor it is compared with: python -m benchmarks."""
