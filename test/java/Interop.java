import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The Java client as tests of interoperability use it: `Interop.java BOOTSTRAP` takes one command a line on its standard
 * input, a JSON object with "id" and "do", and answers with one line that has the same "id". Group members tell what
 * happens to them in lines with "member". Keys, values and header values are base64, or null.
 */
public class Interop {
  private static final ObjectMapper json = new ObjectMapper();
  private static final PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);
  private static final Map<String, Member> members = new HashMap<>();
  private static String bootstrapServers;

  public static void main(String[] args) throws Exception {
    bootstrapServers = args[0];
    say(json.createObjectNode().put("ready", true));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      JsonNode command = json.readTree(line);
      // Each command in a thread of its own: tests that run at the same time share one JVM.
      Thread thread = new Thread(() -> answer(command));
      thread.setDaemon(true);
      thread.start();
    }
    System.exit(0);
  }

  private static void answer(JsonNode command) {
    ObjectNode answer = json.createObjectNode().put("id", command.get("id").asInt());
    try {
      switch (command.get("do").asText()) {
        case "produce" -> produce(command, answer);
        case "consume" -> consume(command, answer);
        case "partitions" -> partitions(command, answer);
        case "commit" -> commit(command, answer);
        case "committed" -> committed(command, answer);
        case "join" -> join(command);
        case "leave" -> leave(command);
        default -> throw new IllegalArgumentException("there is no command " + command.get("do"));
      }
    } catch (Throwable error) {
      java.io.StringWriter trace = new java.io.StringWriter();
      error.printStackTrace(new java.io.PrintWriter(trace));
      answer.put("error", trace.toString());
    }
    say(answer);
  }

  private static void say(ObjectNode line) {
    synchronized (out) {
      out.println(line);
      out.flush();
    }
  }

  private static Properties properties(JsonNode config) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrapServers);
    config.properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
    return properties;
  }

  private static byte[] bytes(JsonNode node) throws java.io.IOException {
    return node == null || node.isNull() ? null : node.binaryValue();
  }

  /** Sends "records" without waiting in between; answers with the metadata of each. */
  private static void produce(JsonNode command, ObjectNode answer) throws Exception {
    List<Future<RecordMetadata>> futures = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties(command.get("config")), new ByteArraySerializer(), new ByteArraySerializer())) {
      for (JsonNode record : command.get("records")) {
        Integer partition = record.has("partition") ? record.get("partition").asInt() : null;
        Long timestamp = record.has("timestamp") ? record.get("timestamp").asLong() : null;
        ProducerRecord<byte[], byte[]> sent =
            new ProducerRecord<>(record.get("topic").asText(), partition, timestamp, bytes(record.get("key")), bytes(record.get("value")));
        if (record.has("headers")) for (JsonNode header : record.get("headers")) sent.headers().add(header.get(0).asText(), bytes(header.get(1)));
        futures.add(producer.send(sent));
      }
      producer.flush();
    }
    ArrayNode metadata = answer.putArray("metadata");
    for (Future<RecordMetadata> future : futures) {
      try {
        RecordMetadata sent = future.get();
        metadata.addObject().put("partition", sent.partition()).put("offset", sent.hasOffset() ? sent.offset() : -1).put("timestamp", sent.timestamp());
      } catch (ExecutionException error) {
        throw new IllegalStateException("a send failed", error.getCause());
      }
    }
  }

  /** Everything in "topic", from the first offset to the end as it is now. */
  private static void consume(JsonNode command, ObjectNode answer) {
    ArrayNode records = answer.putArray("records");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties(command.get("config")), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      consumer.partitionsFor(command.get("topic").asText()).forEach(info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          ObjectNode read = records.addObject();
          read.put("partition", record.partition()).put("offset", record.offset()).put("timestamp", record.timestamp());
          read.put("timestampType", record.timestampType().toString()).put("key", record.key()).put("value", record.value());
          ArrayNode headers = read.putArray("headers");
          for (Header header : record.headers()) headers.addArray().add(header.key()).add(header.value());
        }
      }
    }
  }

  /** For each of "counts" the partition of each of "keys". */
  private static void partitions(JsonNode command, ObjectNode answer) throws Exception {
    ArrayNode lists = answer.putArray("partitions");
    for (JsonNode count : command.get("counts")) {
      ArrayNode list = lists.addArray();
      for (JsonNode key : command.get("keys")) list.add(BuiltInPartitioner.partitionForKey(key.binaryValue(), count.asInt()));
    }
  }

  private static TopicPartition partitionOf(JsonNode command) {
    return new TopicPartition(command.get("topic").asText(), command.get("partition").asInt());
  }

  private static void commit(JsonNode command, ObjectNode answer) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties(command.get("config")), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partitionOf(command)));
      OffsetAndMetadata offset = new OffsetAndMetadata(command.get("offset").asLong(), java.util.Optional.of(0), command.get("metadata").asText());
      consumer.commitSync(Map.of(partitionOf(command), offset));
    }
  }

  private static void committed(JsonNode command, ObjectNode answer) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties(command.get("config")), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      OffsetAndMetadata offset = consumer.committed(java.util.Set.of(partitionOf(command))).get(partitionOf(command));
      if (offset != null) answer.put("offset", offset.offset()).put("metadata", offset.metadata()).put("leaderEpoch", offset.leaderEpoch().orElse(null));
    }
  }

  private static void join(JsonNode command) {
    Member member = new Member(command);
    synchronized (members) {
      members.put(member.name, member);
    }
    member.start();
  }

  private static void leave(JsonNode command) throws Exception {
    Member member;
    synchronized (members) {
      member = members.remove(command.get("member").asText());
    }
    member.consumer.wakeup();
    member.join(30_000);
    if (member.failure != null) throw member.failure;
    if (member.isAlive()) throw new IllegalStateException("the member did not end within 30 s");
  }

  /** Polls, tells what it got, then commits all of it. */
  private static final class Member extends Thread implements ConsumerRebalanceListener {
    final String name;
    final KafkaConsumer<byte[], byte[]> consumer;
    final List<String> topics = new ArrayList<>();
    volatile Exception failure;

    Member(JsonNode command) {
      name = command.get("member").asText();
      command.get("topics").forEach(topic -> topics.add(topic.asText()));
      consumer = new KafkaConsumer<>(properties(command.get("config")), new ByteArrayDeserializer(), new ByteArrayDeserializer());
      setDaemon(true);
    }

    @Override
    public void run() {
      try (consumer) {
        consumer.subscribe(topics, this);
        for (;;) {
          ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
          if (records.isEmpty()) continue;
          ObjectNode event = json.createObjectNode().put("member", name).put("event", "records");
          ArrayNode list = event.putArray("records");
          for (ConsumerRecord<byte[], byte[]> record : records) list.addArray().add(record.partition()).add(record.offset());
          say(event);
          commitAll();
        }
      } catch (WakeupException leaving) {
        // Everything was committed after it was read; close leaves the group.
      } catch (Exception error) {
        failure = error;
        say(json.createObjectNode().put("member", name).put("event", "failed").put("error", error.toString()));
      }
    }

    private void commitAll() {
      for (;;) {
        try {
          consumer.commitSync();
          return;
        } catch (RebalanceInProgressException rebalancing) {
          // The next commit has these too: at the latest the one in onPartitionsRevoked.
          return;
        } catch (WakeupException leaving) {
          consumer.wakeup();
          consumer.commitSync();
        }
      }
    }

    private void tell(String event, Collection<TopicPartition> partitions) {
      ObjectNode line = json.createObjectNode().put("member", name).put("event", event);
      ArrayNode list = line.putArray("partitions");
      partitions.stream().map(TopicPartition::partition).sorted().forEach(list::add);
      say(line);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      tell("assigned", partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      consumer.commitSync();
      tell("revoked", partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      tell("lost", partitions);
    }
  }
}
