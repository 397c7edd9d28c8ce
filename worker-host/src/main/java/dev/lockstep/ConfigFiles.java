package dev.lockstep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The key {@code files} of a configuration: from where to where, with variables.
 *
 * <p>As pages write it: {@code "{NAME}": "value"} sets a variable that later sources and targets
 * use as {@code {NAME}}; a target that is empty or ends with a slash keeps the file's name; one
 * that ends with {@code *} unpacks an archive into the folder before it.
 */
final class ConfigFiles {
  private static final Pattern VARIABLE = Pattern.compile("\\{([A-Za-z_][A-Za-z0-9_]*)}");

  /**
   * One file, folder or archive.
   *
   * @param source as it is written, variables replaced
   * @param target relative, of plain names, divided by slashes; empty for the folder itself
   * @param unpacks whether the source is an archive whose content goes below the target
   */
  record Entry(String source, String target, boolean unpacks) {}

  private ConfigFiles() {}

  /**
   * The entries in their order.
   *
   * @throws ConfigurationException naming the entry that cannot be
   */
  static List<Entry> parse(Map<String, String> files) {
    Map<String, String> variables = new LinkedHashMap<>();
    Map<String, String> sourceOfTarget = new LinkedHashMap<>();
    List<Entry> entries = new ArrayList<>();
    files.forEach(
        (from, to) -> {
          Matcher definition = VARIABLE.matcher(from);
          String at = "files[\"" + from + "\"]";
          if (definition.matches()) {
            variables.put(definition.group(1), replaced(at, to, variables));
            return;
          }
          Entry entry = entry(at, replaced(at, from, variables), replaced(at, to, variables));
          if (!entry.unpacks) {
            requireFree(sourceOfTarget, entry);
          }
          entries.add(entry);
        });
    return List.copyOf(entries);
  }

  private static String replaced(String at, String text, Map<String, String> variables) {
    return VARIABLE
        .matcher(text)
        .replaceAll(
            (MatchResult use) -> {
              String value = variables.get(use.group(1));
              if (value == null) {
                throw ConfigKey.wrong(
                    at,
                    text,
                    "variables that are set before they are used, as \"{NAME}\": \"value\"; unknown: "
                        + use.group()
                        + ", set: "
                        + variables.keySet());
              }
              return Matcher.quoteReplacement(value);
            });
  }

  private static Entry entry(String at, String source, String target) {
    if (source.matches("[A-Za-z][A-Za-z0-9+.-]+://.*")) {
      throw ConfigKey.wrong(
          at,
          source,
          "files of this machine: nothing is fetched over the network; download it first");
    }
    String name = source.replaceAll("/+$", "").replaceAll(".*/", "");
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw ConfigKey.wrong(at, source, "the path of a file, a folder or an archive");
    }
    boolean unpacks = target.equals("*") || target.endsWith("/*");
    String wanted = unpacks ? target.substring(0, target.length() - 1) : target;
    if (!unpacks && (wanted.isEmpty() || wanted.endsWith("/") || wanted.equals("."))) {
      wanted = wanted.isEmpty() || wanted.equals(".") ? name : wanted + name;
    }
    return new Entry(source, plain(at, target, wanted), unpacks);
  }

  /** Without empty names and dots; what would lead out of the worker's folder is refused. */
  private static String plain(String at, String written, String wanted) {
    List<String> names = new ArrayList<>();
    for (String name : wanted.split("/", -1)) {
      if (name.equals("..")) {
        throw ConfigKey.wrong(at, written, "a path inside the worker's own folder, without ..");
      }
      if (!name.isEmpty() && !name.equals(".")) {
        names.add(name);
      }
    }
    if (wanted.startsWith("/")) {
      throw ConfigKey.wrong(
          at, written, "a path inside the worker's own folder, which begins without a slash");
    }
    return String.join("/", names);
  }

  private static void requireFree(Map<String, String> sourceOfTarget, Entry entry) {
    String other = sourceOfTarget.putIfAbsent(entry.target, entry.source);
    if (other != null) {
      throw new ConfigurationException(
          "two files of a configuration go to one target: target="
              + entry.target
              + ", sources="
              + List.of(other, entry.source)
              + "; give each a target of its own");
    }
  }
}
