package dev.lockstep.memory;

/** A segment that tells a hook before each store: the step tracer of the Java side. */
public final class TracedSegment extends Segment {
  private final StepHook hook;

  /** Takes the place of {@code original}, which is not used any more. */
  public TracedSegment(Segment original, StepHook hook) {
    super(original);
    this.hook = hook;
  }

  @Override
  public void putLong(int index, long value) {
    hook.before(index);
    super.putLong(index, value);
  }

  @Override
  public void putLongRelease(int index, long value) {
    hook.before(index);
    super.putLongRelease(index, value);
  }

  @Override
  public void putInt(int index, int value) {
    hook.before(index);
    super.putInt(index, value);
  }

  @Override
  public void putIntVolatile(int index, int value) {
    hook.before(index);
    super.putIntVolatile(index, value);
  }

  @Override
  public boolean compareAndSetInt(int index, int expected, int value) {
    hook.before(index);
    return super.compareAndSetInt(index, expected, value);
  }

  @Override
  public int getAndBitwiseOrInt(int index, int mask) {
    hook.before(index);
    return super.getAndBitwiseOrInt(index, mask);
  }

  @Override
  public int getAndBitwiseAndInt(int index, int mask) {
    hook.before(index);
    return super.getAndBitwiseAndInt(index, mask);
  }

  @Override
  public void putBytes(int index, byte[] source, int offset, int length) {
    hook.before(index);
    super.putBytes(index, source, offset, length);
  }
}
