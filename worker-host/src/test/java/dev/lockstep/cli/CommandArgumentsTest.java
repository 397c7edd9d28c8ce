package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CommandArgumentsTest {
  @Test
  void wordsAreJsonWhereTheyParseAndTextOtherwise() {
    CommandArguments arguments =
        CommandArguments.parse(
            List.of("12", "-1.5", "true", "null", "[1, \"a\"]", "{\"k\": 1}", "\"12\"", "a b", ""));

    assertThat(arguments.positional())
        .containsExactly(12, -1.5, true, null, List.of(1, "a"), Map.of("k", 1), "12", "a b", "");
    assertThat(arguments.keywords()).isEmpty();
  }

  @Test
  void wordsOfTheFormNameEqualsValueAreKeywords() {
    CommandArguments arguments =
        CommandArguments.parse(List.of("1", "use_numpy=false", "text=a=b", "empty=", "größe=2"));

    assertThat(arguments.positional()).containsExactly(1);
    assertThat(arguments.keywords())
        .containsEntry("use_numpy", false)
        .containsEntry("text", "a=b")
        .containsEntry("empty", "")
        .containsEntry("größe", 2);
  }

  @Test
  void quotedTextWithEqualsSignIsPositional() {
    assertThat(CommandArguments.parse(List.of("\"a=b\"")).positional()).containsExactly("a=b");
  }

  @Test
  void pythonSpellingsOfConstantsAreNotTakenForText() {
    CommandArguments arguments =
        CommandArguments.parse(List.of("None", "use_numpy=False", "x=True"));

    assertThat(arguments.positional()).containsExactly((Object) null);
    assertThat(arguments.keywords()).containsEntry("use_numpy", false).containsEntry("x", true);
  }

  @Test
  void integersOfAnySizeKeepEveryDigit() {
    assertThat(CommandArguments.value("123456789012345678901234567890"))
        .isEqualTo(new BigInteger("123456789012345678901234567890"));
  }

  @Test
  void trailingTextMakesItText() {
    assertThat(CommandArguments.value("1 2")).isEqualTo("1 2");
  }

  @Test
  void keywordGivenTwiceIsWrongUse() {
    assertThatThrownBy(() -> CommandArguments.parse(List.of("a=1", "a=2")))
        .isInstanceOf(WrongUseException.class)
        .hasMessage("an argument is given twice: name=a");
  }

  @Test
  void positionalAfterKeywordIsWrongUse() {
    assertThatThrownBy(() -> CommandArguments.parse(List.of("a=1", "2")))
        .isInstanceOf(WrongUseException.class)
        .hasMessageContaining("argument=2");
  }

  @Test
  void misspeltOptionIsNotTakenForAnArgument() {
    assertThatThrownBy(() -> CommandArguments.parse(List.of("--pyhton", "pypy3")))
        .isInstanceOf(WrongUseException.class)
        .hasMessageStartingWith("unknown option: --pyhton");
  }
}
