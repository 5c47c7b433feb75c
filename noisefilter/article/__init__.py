"""How likely an article is noise, and why: inputs, the network that judges it, its reasons and its fitting."""
