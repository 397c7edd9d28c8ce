/** Python workers for the JVM: what an application imports is {@code dev.lockstep}. */
module dev.lockstep.host {
  requires transitive dev.lockstep.bridge;
  requires dev.lockstep.shim; // resources only: so that they are on the module path, too
  requires static transitive org.jspecify;
  requires com.fasterxml.jackson.dataformat.toml;
  requires com.fasterxml.jackson.datatype.jsr310;
  requires static info.picocli;
  requires static HdrHistogram;
  requires static jdk.management; // as the two above: for the command line only

  opens dev.lockstep.cli to
      info.picocli,
      com.fasterxml.jackson.databind;
  opens dev.lockstep.cli.bench to
      com.fasterxml.jackson.databind;

  exports dev.lockstep;
}
