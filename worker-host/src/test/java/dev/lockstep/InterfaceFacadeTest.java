package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** Names of methods, keyword arguments, exposed methods: what needs no worker. */
class InterfaceFacadeTest {
  @Test
  void camelCaseBecomesSnakeCase() {
    assertThat(InterfaceFacade.snakeCase("findPrimes")).isEqualTo("find_primes");
    assertThat(InterfaceFacade.snakeCase("parseURL2Text")).isEqualTo("parse_url2_text");
    assertThat(InterfaceFacade.snakeCase("plain")).isEqualTo("plain");
    assertThat(InterfaceFacade.snakeCase("already_snake")).isEqualTo("already_snake");
  }

  @Test
  void keywordArgumentsKeepTheirOrderAndRefuseDoubles() {
    Kwargs kwargs = Kwargs.of("b", 1).and("a", null);
    assertThat(kwargs.asMap().keySet()).containsExactly("b", "a");
    assertThatThrownBy(() -> kwargs.and("a", 2)).hasMessageContaining("name=a");
    assertThat(Kwargs.of(Map.of("k", 1))).hasToString("{k=1}");
    assertThat(Kwargs.none().asMap()).isEmpty();
  }

  /** An interface that marks its method. */
  public interface Marked {
    /** Callable. */
    @Exposed("renamed")
    int twice(int x);
  }

  private static final class Hidden implements Marked {
    @Override
    public int twice(int x) {
      return 2 * x;
    }
  }

  /** Two methods of one name. */
  public static final class Ambiguous {
    /** One. */
    @Exposed
    public int f() {
      return 1;
    }

    /** Two. */
    @Exposed("f")
    public int g() {
      return 2;
    }
  }

  @Test
  void methodsAreExposedThroughTheirInterfacesAndDoublesAreRefused() throws Exception {
    ExposedFunction function = ExposedMethods.of(new Hidden()).get(0);
    assertThat(function.name()).isEqualTo("renamed");
    assertThat(function.call(new Object[] {21}, Map.of())).isEqualTo(42);
    assertThatThrownBy(() -> ExposedMethods.of(new Ambiguous())).hasMessageContaining("name=f");
    assertThatThrownBy(() -> ExposedMethods.of("text")).hasMessageContaining("@Exposed");
  }
}
