"""How likely an article is noise, and why: what is read of it, the network that judges it, its reasons and its fitting."""
