package dev.lockstep.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What one would write without this library: a Python process that answers on its stdout what it
 * reads from its stdin. Measured beside ours, in the same rounds.
 */
public final class PipePeer implements Exchange {
  private static final String JSON_LINES =
      """
      import json, sys
      for line in sys.stdin:
          call = json.loads(line)
          sys.stdout.write(json.dumps({"id": call["id"], "result": call["args"][0]}) + "\\n")
          sys.stdout.flush()
      """;
  private static final String RAW_BYTES =
      """
      import os
      while True:
          data = os.read(0, 8)
          if not data:
              break
          os.write(1, data)
      """;
  private static final long GRACE_SECONDS = 2;

  private final String name;
  private final String description;
  private final Process process;
  private final Turn.Step step;

  private PipePeer(String name, String description, Process process, Turn.Step step) {
    this.name = name;
    this.description = description;
    this.process = process;
    this.step = step;
  }

  /** One JSON document a line each way, as language servers and many bridges do it. */
  public static PipePeer jsonLines(String python) throws IOException {
    Process process = start(python, JSON_LINES);
    ObjectMapper mapper = new ObjectMapper();
    OutputStream out = process.getOutputStream();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    return new PipePeer(
        "peer.json_lines",
        "JSON lines over stdin and stdout",
        process,
        value -> {
          out.write(
              mapper.writeValueAsBytes(Map.of("id", value, "fn", "echo", "args", List.of(value))));
          out.write('\n');
          out.flush();
          String line = in.readLine();
          JsonNode answer = line == null ? null : mapper.readTree(line);
          if (answer == null || answer.get("result").asInt() != value) {
            throw new IOException("a wrong answer: value=" + value + ", line=" + line);
          }
        });
  }

  /** Eight bytes each way and nothing else: what the pipes themselves cost. */
  public static PipePeer rawBytes(String python) throws IOException {
    Process process = start(python, RAW_BYTES);
    OutputStream out = process.getOutputStream();
    InputStream in = process.getInputStream();
    return new PipePeer(
        "peer.raw_pipe",
        "eight bytes over stdin and stdout, no codec",
        process,
        value -> {
          byte[] bytes = new byte[Long.BYTES];
          bytes[0] = (byte) value;
          out.write(bytes);
          out.flush();
          byte[] answer = in.readNBytes(Long.BYTES);
          if (answer.length != Long.BYTES || answer[0] != bytes[0]) {
            throw new IOException("a wrong answer: value=" + value);
          }
        });
  }

  private static Process start(String python, String script) throws IOException {
    return new ProcessBuilder(python, "-c", script)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void measure(Turn turn) throws IOException {
    turn.time(name, step);
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (IOException e) {
      // Its stdin is closed already: it has ended.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}
