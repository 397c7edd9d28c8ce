package dev.lockstep.codec;

import static dev.lockstep.codec.Coding.echo;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Properties on their way through Jackson: many of them, repeated ones, containers it walks. */
class PropertiesTest {
  @Test
  void manyPropertiesKeepTheirOrderAndTheirValues() {
    Open open = new Open();
    IntStream.range(0, 40).forEach(i -> open.more.put("p" + (40 - i), i));
    assertThat(((Open) requireNonNull(echo(open, Open.class))).more)
        .containsExactlyEntriesOf(open.more);
  }

  @Test
  void aNameTwiceIsRefusedAmongFewAndAmongMany() {
    for (int others : new int[] {0, 5, 11, 12, 13, 40}) {
      Doubled doubled = new Doubled();
      IntStream.range(0, others).forEach(i -> doubled.more.put("p" + i, i));
      doubled.more.put("own", 2);
      assertThatThrownBy(() -> echo(doubled, Object.class))
          .as("others=%d", others)
          .hasMessageContaining("two properties of one name: name=own");
    }
  }

  @Test
  void whatJacksonWalksByItselfIsEntered() {
    Walked sent = new Walked(new Corner(1, 2), List.of(new Corner(3, 4), new Corner(5, 6)), "end");
    assertThat(echo(sent, Walked.class)).isEqualTo(sent);
  }

  @Test
  void aTreeOfJacksonsHoldsWhatWasNestedInIt() {
    Object tree = Map.of("list", List.of(1, List.of(), Map.of("deep", List.of(2))));
    assertThat(echo(tree, JsonNode.class)).hasToString("{\"list\":[1,[],{\"deep\":[2]}]}");
  }

  @Test
  void whatIsSkippedTakesNothingWithIt() {
    Map<String, Object> more = new LinkedHashMap<>();
    more.put("before", Map.of("x", List.of(1, Map.of())));
    more.put("from", List.of(1, 2));
    more.put("between", List.of(List.of(), 5));
    more.put("rest", List.of());
    more.put("name", "n");
    assertThat(echo(more, Lenient.class)).isEqualTo(new Lenient(new Corner(1, 2), List.of(), "n"));
  }

  @JsonFormat(shape = JsonFormat.Shape.ARRAY)
  record Corner(int x, int y) {}

  record Walked(Corner from, List<Corner> rest, String name) {}

  @com.fasterxml.jackson.annotation.JsonIgnoreProperties(ignoreUnknown = true)
  record Lenient(Corner from, List<Corner> rest, String name) {}

  static class Open {
    @JsonAnyGetter @JsonAnySetter public Map<String, Object> more = new LinkedHashMap<>();
  }

  static class Doubled {
    public int own = 1;
    @JsonAnyGetter public Map<String, Object> more = new LinkedHashMap<>();
  }
}
