package dev.lockstep;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a public method that Python may call, by its own name unless another is given. See {@link
 * ExposesFunctions#expose(Object)}.
 *
 * <p>Keyword arguments are bound by the names of the parameters: those given in {@link
 * #parameters}, or the method's own if its class was compiled with {@code -parameters}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Exposed {
  /** The name that Python calls; empty for the method's own. */
  String value() default "";

  /** Names of the parameters, in order, for keyword arguments; empty for the method's own. */
  String[] parameters() default {};
}
