/** Python workers for the JVM: what an application imports is {@code dev.lockstep}. */
module dev.lockstep.host {
  requires transitive dev.lockstep.bridge;
  requires static transitive org.jspecify;

  exports dev.lockstep;
}
