/** Segment, ring, waiting, codec and call protocol. Knows nothing of Python or of processes. */
module dev.lockstep.bridge {
  requires transitive com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.datatype.jsr310;
  requires com.sun.jna;
  requires static transitive org.jspecify;

  exports dev.lockstep.call;
  exports dev.lockstep.diagnostics to
      dev.lockstep.host;
  exports dev.lockstep.codec;
  exports dev.lockstep.wire;
  exports dev.lockstep.os to
      dev.lockstep.host;
  exports dev.lockstep.memory to
      dev.lockstep.host;
  exports dev.lockstep.park to
      dev.lockstep.host;
  exports dev.lockstep.ring to
      dev.lockstep.host;
  exports dev.lockstep.channel to
      dev.lockstep.host;
}
