package dev.lockstep;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Which twin serves in the worker, and where its segment comes from: what tests run on. */
enum Twin {
  C_MEMFD(Accelerator.C, SegmentKind.MEMFD),
  PY_MEMFD(Accelerator.PY, SegmentKind.MEMFD),
  C_TMPFS(Accelerator.C, SegmentKind.TMPFS);

  private final Accelerator accelerator;
  private final SegmentKind kind;

  Twin(Accelerator accelerator, SegmentKind kind) {
    this.accelerator = accelerator;
    this.kind = kind;
  }

  PyWorker.Builder set(PyWorker.Builder builder) {
    return builder.accelerator(accelerator).segmentKind(kind);
  }

  Accelerator accelerator() {
    return accelerator;
  }

  SegmentKind kind() {
    return kind;
  }

  /** Both twins on the anonymous segment. */
  static Stream<Arguments> twins() {
    return available(C_MEMFD, PY_MEMFD);
  }

  /** Those, and the form on tmpfs. */
  static Stream<Arguments> all() {
    return available(C_MEMFD, PY_MEMFD, isAcceleratorHere() ? C_TMPFS : PY_MEMFD);
  }

  private static Stream<Arguments> available(Twin... wanted) {
    List<Arguments> usable = new ArrayList<>();
    boolean accelerator = isAcceleratorHere();
    for (Twin twin : wanted) {
      if (twin.accelerator == Accelerator.PY || accelerator) {
        usable.add(Arguments.of(twin));
      }
    }
    return usable.stream().distinct();
  }

  private static boolean isAcceleratorHere() {
    return Holder.ACCELERATOR;
  }

  private static final class Holder {
    static final boolean ACCELERATOR = probe();

    private static boolean probe() {
      try (PyWorker worker = PyWorker.source("").accelerator(Accelerator.AUTO).start()) {
        worker.ready().join();
        return worker.describe().accelerator().equals("c");
      }
    }
  }
}
