package dev.lockstep.faults;

import java.util.List;

/** The table of faults. */
final class Rows {
  private static final String DIED = "WorkerDiedException";

  private static final String MISBEHAVED = "WorkerMisbehavedException";

  /** In the order in which they are played. */
  static final List<Row> ALL =
      List.of(
          new Row(
              1,
              "SIGKILL of the worker at each protocol step",
              DIED + " (signal 9); the next worker answers",
              50,
              1,
              60,
              WorkerDeaths::killedAtEachStep),
          new Row(
              2,
              "SIGKILL of the host before each of its stores",
              "the worker is gone, nothing is left",
              50,
              1,
              120,
              HostDeaths::killedAtEachStep),
          new Row(
              4,
              "the worker dies holding an uncommitted claim",
              "frames seen = committed",
              200,
              10,
              30,
              WorkerDeaths::diesHoldingAnUncommittedClaim),
          new Row(
              5,
              "the worker dies between fragments",
              "the partial message is dropped, the error names the call",
              200,
              10,
              30,
              WorkerDeaths::diesBetweenFragments),
          new Row(
              6,
              "the worker exits with 0 during a call",
              DIED + " (exit code 0), not success",
              200,
              10,
              30,
              WorkerDeaths::exitsWithZero),
          new Row(
              7,
              "SIGSEGV, abort, exit 137, SIGKILL in the worker",
              "signal or exit code, and the end of stderr",
              50,
              3,
              30,
              WorkerDeaths::crashes),
          new Row(
              8,
              "SIGSTOP of the worker, then SIGCONT",
              "CallTimeoutException at the deadline; the late reply is dropped",
              100,
              5,
              40,
              Interference::stoppedAndContinued),
          new Row(
              3,
              "host and worker killed at the same time",
              "nothing is left (memfd); swept at the next start (tmpfs)",
              200,
              6,
              60,
              HostDeaths::bothKilled),
          new Row(
              24,
              "the worker replaces itself, or closes descriptors",
              DIED + " by the lifeline; without 0 to 2 it goes on",
              100,
              3,
              40,
              Interference::turnsIntoSomethingElse),
          new Row(
              23,
              "the worker forks, and parent and child call",
              "ForkedWorkerError in the child; the parent is fine",
              100,
              3,
              60,
              Interference::forks),
          new Row(
              10,
              "truncate and seal a sealed memfd",
              "EPERM for the vandal; nothing else",
              1000,
              50,
              30,
              Segments::truncatedSealed),
          new Row(
              9,
              "truncate a segment on tmpfs",
              "nobody has a descriptor or a name to cut it by; the JVM lives",
              300,
              12,
              60,
              Segments::truncatedOnTmpfs),
          new Row(
              12,
              "tail set to what it cannot be",
              MISBEHAVED + " that names tail",
              200,
              3,
              60,
              Words::tailCorrupted),
          new Row(
              13,
              "head set to what it cannot be, while the host writes",
              MISBEHAVED + " that names head; nothing outside the ring is written",
              100,
              3,
              60,
              Words::headCorrupted),
          new Row(
              14,
              "lengths and totals that cannot be, for Java, C and pure Python",
              "refused before anything is allocated",
              1_000,
              10,
              60,
              GarbageFrames::lengths),
          new Row(
              15,
              "random garbage frames (count: frames for each of Java, C and pure Python)",
              "a message or a fault, nothing else is thrown",
              10_000_000,
              50_000,
              60,
              GarbageFrames::random),
          new Row(
              16,
              "unknown kinds and flags, fragments out of order, 10^6 PADs, for each of the three",
              "refused; no loop over what the peer wrote",
              50,
              1,
              60,
              GarbageFrames::fields),
          new Row(
              17,
              "what is read flipped meanwhile (count: reads of each of the three)",
              "value used = value validated",
              1_000_000,
              50_000,
              60,
              GarbageFrames::changes),
          new Row(
              32,
              "hostile values, for each of the three",
              "refused at the same position for the same reason",
              5,
              1,
              60,
              HostileValues::judged),
          new Row(
              18,
              "signal words scribbled over",
              "at worst idle wakes, or a slice of delay",
              2000,
              15,
              60,
              Words::signalsScribbled),
          new Row(
              11,
              "each bit of the header flipped before attach",
              "refused, the field named, in Python and in Java",
              1,
              1,
              60,
              Segments::headerFlipped),
          new Row(
              21,
              "futex errno: EINTR at 1 kHz, EFAULT, ENOSYS",
              "tried again; broken; refused at start",
              20_000,
              1000,
              60,
              Waits::futexErrors),
          new Row(
              22,
              "a peer that takes nothing",
              "the deadline ends the call; the host sleeps meanwhile",
              20,
              1,
              30,
              Waits::peerThatDoesNothing),
          new Row(
              19,
              "sleeps and wakes with random pauses before each store, on 1 and on 2 processors",
              "no wake-up is lost",
              10_000_000,
              20_000,
              60,
              Waits::soak),
          new Row(
              20,
              "mistakes put into the wait protocol",
              "the soak finds each",
              3,
              1,
              400,
              Waits::mutants),
          new Row(
              25,
              "a full tmpfs at the start",
              "an exception that says what was needed; earlier workers live",
              10,
              1,
              30,
              Scarcity::fullTmpfs),
          new Row(
              26,
              "limits of descriptors and address space",
              "an exception that names what is short; earlier workers live",
              5,
              1,
              90,
              Scarcity::limits),
          new Row(
              28,
              "64 threads call a worker that takes one call a second (count: seconds)",
              "callers wait, then time out; the memory is bounded",
              60,
              5,
              60,
              Traffic::slowConsumer),
          new Row(
              29,
              "both sides send more than a lane holds at the same time",
              "no deadlock",
              10_000,
              100,
              60,
              Traffic::bothAtOnce),
          new Row(
              30,
              "calls nested to the limit of depth and beyond, exceptions at each level",
              "DepthExceededException at the limit + 1; unwinds in order",
              200,
              5,
              40,
              Nesting::reentrant),
          new Row(
              31,
              "payloads of every size around the borders, 64 MiB, limit + 1",
              "equal bytes; limit + 1 refused before sending",
              20,
              1,
              60,
              Traffic::sizes),
          new Row(
              33,
              "exceptions: huge, cyclic, unprintable, SystemExit, Java errors",
              "PythonException or JavaError, capped; the loop survives",
              50,
              2,
              60,
              UserCode::exceptions),
          new Row(
              34,
              "100 MB of output, binary output, closed descriptors (count: MB)",
              "the protocol is untouched; the end is kept",
              100,
              5,
              60,
              UserCode::output));

  private Rows() {}

  static Row number(int number) {
    return ALL.stream()
        .filter(row -> row.number() == number)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such row: number=" + number));
  }
}
