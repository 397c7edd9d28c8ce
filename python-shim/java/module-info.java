/**
 * The Python side as resources under {@code META-INF}. A module of its own name, so that the host
 * can require it and it is found on the module path, too.
 */
module dev.lockstep.shim {}
