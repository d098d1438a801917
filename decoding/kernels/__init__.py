"""Triton kernels. Each has a plain PyTorch reference in its test and runs on the CPU in Triton's interpreter."""
