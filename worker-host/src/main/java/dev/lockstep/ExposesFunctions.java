package dev.lockstep;

import java.lang.reflect.Type;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where Java functions are offered to a worker's Python code: a builder, before the worker starts,
 * and the worker itself.
 *
 * <p>Arguments are converted to the parameter types given here; a number of arguments that does not
 * fit is an error for the caller, and the function does not run. A last parameter of type {@link
 * Kwargs} takes the keyword arguments; without one they are refused. A function runs on the
 * worker's reading thread (on top of the waiting thread, if the call is nested in a call of that
 * thread), or on the executor that the builder names: one that may block wants an executor.
 * Exposing a name again replaces its function for later calls.
 *
 * @param <S> the type of this, returned for chaining
 */
public interface ExposesFunctions<S> {
  /**
   * Offers a function with parameters of any types and number.
   *
   * @param parameters what each argument is converted to; generic types included
   */
  S exposeAll(String name, List<? extends Type> parameters, FnAll function);

  /**
   * Offers every method of {@code handlers} that is marked {@link Exposed}, those of its
   * superclasses and interfaces included.
   *
   * @throws IllegalArgumentException if there is none, if two have one name, or if one cannot be
   *     called
   */
  S expose(Object handlers);

  /** Offers a function of no parameters. */
  default S expose(String name, Fn0<?> function) {
    return exposeAll(name, List.of(), at -> function.call());
  }

  /** Offers a function of one parameter. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <A extends @Nullable Object> S expose(
      String name, Class<A> a, Fn1<? super A, ?> function) {
    return exposeAll(name, List.of(a), at -> function.call((A) at[0]));
  }

  /** Offers a function of two parameters. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <A extends @Nullable Object, B extends @Nullable Object> S expose(
      String name, Class<A> a, Class<B> b, Fn2<? super A, ? super B, ?> function) {
    return exposeAll(name, List.of(a, b), at -> function.call((A) at[0], (B) at[1]));
  }

  /** Offers a function of three parameters. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <A extends @Nullable Object, B extends @Nullable Object, C extends @Nullable Object>
      S expose(
          String name,
          Class<A> a,
          Class<B> b,
          Class<C> c,
          Fn3<? super A, ? super B, ? super C, ?> function) {
    return exposeAll(name, List.of(a, b, c), at -> function.call((A) at[0], (B) at[1], (C) at[2]));
  }

  /** Offers a function of four parameters. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          D extends @Nullable Object>
      S expose(
          String name,
          Class<A> a,
          Class<B> b,
          Class<C> c,
          Class<D> d,
          Fn4<? super A, ? super B, ? super C, ? super D, ?> function) {
    return exposeAll(
        name, List.of(a, b, c, d), at -> function.call((A) at[0], (B) at[1], (C) at[2], (D) at[3]));
  }

  /** Offers a function of five parameters. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          D extends @Nullable Object,
          E extends @Nullable Object>
      S expose(
          String name,
          Class<A> a,
          Class<B> b,
          Class<C> c,
          Class<D> d,
          Class<E> e,
          Fn5<? super A, ? super B, ? super C, ? super D, ? super E, ?> function) {
    return exposeAll(
        name,
        List.of(a, b, c, d, e),
        at -> function.call((A) at[0], (B) at[1], (C) at[2], (D) at[3], (E) at[4]));
  }

  /** Offers a function of no parameters and without a result. */
  default S exposeVoid(String name, VoidFn0 function) {
    return exposeAll(
        name,
        List.of(),
        at -> {
          function.call();
          return null;
        });
  }

  /** Offers a function of one parameter and without a result. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <A extends @Nullable Object> S exposeVoid(
      String name, Class<A> a, VoidFn1<? super A> function) {
    return exposeAll(
        name,
        List.of(a),
        at -> {
          function.call((A) at[0]);
          return null;
        });
  }

  /** Offers a function of two parameters and without a result. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <A extends @Nullable Object, B extends @Nullable Object> S exposeVoid(
      String name, Class<A> a, Class<B> b, VoidFn2<? super A, ? super B> function) {
    return exposeAll(
        name,
        List.of(a, b),
        at -> {
          function.call((A) at[0], (B) at[1]);
          return null;
        });
  }

  /** Offers a function of three parameters and without a result. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <A extends @Nullable Object, B extends @Nullable Object, C extends @Nullable Object>
      S exposeVoid(
          String name,
          Class<A> a,
          Class<B> b,
          Class<C> c,
          VoidFn3<? super A, ? super B, ? super C> function) {
    return exposeAll(
        name,
        List.of(a, b, c),
        at -> {
          function.call((A) at[0], (B) at[1], (C) at[2]);
          return null;
        });
  }

  /** Offers a function of four parameters and without a result. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          D extends @Nullable Object>
      S exposeVoid(
          String name,
          Class<A> a,
          Class<B> b,
          Class<C> c,
          Class<D> d,
          VoidFn4<? super A, ? super B, ? super C, ? super D> function) {
    return exposeAll(
        name,
        List.of(a, b, c, d),
        at -> {
          function.call((A) at[0], (B) at[1], (C) at[2], (D) at[3]);
          return null;
        });
  }

  /** Offers a function of five parameters and without a result. */
  @SuppressWarnings({"unchecked", "NullAway"})
  default <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          D extends @Nullable Object,
          E extends @Nullable Object>
      S exposeVoid(
          String name,
          Class<A> a,
          Class<B> b,
          Class<C> c,
          Class<D> d,
          Class<E> e,
          VoidFn5<? super A, ? super B, ? super C, ? super D, ? super E> function) {
    return exposeAll(
        name,
        List.of(a, b, c, d, e),
        at -> {
          function.call((A) at[0], (B) at[1], (C) at[2], (D) at[3], (E) at[4]);
          return null;
        });
  }
}
