"""What the experiments with guests (a virtual machine, a booted container) put into them, and what stands around them."""
