"""The engines that are compared: `base` has the interface, every other module one engine."""
