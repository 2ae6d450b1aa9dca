"""Reading in processes that can open nothing, a few at once, ended by the kernel at their limits."""
