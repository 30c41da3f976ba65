// Runs the scenarios of test/kafka/interceptor-trace with Apache Kafka's own Java client and prints what happened, line by
// line. Its twin is test/kafka/interceptor-trace/trace.ts: the two are to be read side by side.
//
//   java -cp 'lib/*' InterceptorTrace.java BOOTSTRAP PREFIX < scenarios.json
//
// PREFIX stands before every topic and group on the cluster, and is taken off again in the trace.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.ClusterResource;
import org.apache.kafka.common.ClusterResourceListener;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class InterceptorTrace {
    static final int AT_A_TIME = 4;
    static final long WAIT_MS = 15_000;
    /** After a rebalance: what follows from it has happened by then. */
    static final long SETTLE_MS = 500;
    /** The scripts of the clients, for interceptors, which Kafka makes from their class. */
    static final Map<String, Client> CLIENTS = new ConcurrentHashMap<>();
    static JsonNode errorCodes;

    public static void main(String[] args) throws Exception {
        JsonNode input = new ObjectMapper().readTree(System.in);
        errorCodes = input.get("errors");
        ExecutorService pool = Executors.newFixedThreadPool(AT_A_TIME);
        List<Future<List<String>>> traces = new ArrayList<>();
        for (JsonNode scenario : input.get("scenarios")) {
            int at = traces.size();
            traces.add(pool.submit(() -> new Scenario(scenario, args[0], args[1] + at + "-").run()));
        }
        StringBuilder out = new StringBuilder();
        for (int index = 0; index < traces.size(); index++) {
            out.append("# ").append(input.get("scenarios").get(index).get("name").asText()).append('\n');
            for (String line : traces.get(index).get()) out.append(line).append('\n');
        }
        System.out.write(out.toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        System.exit(0);
    }

    /** What a test double throws. */
    static class Boom extends RuntimeException {}

    // --- One scenario -----------------------------------------------------------------------------------------------

    static class Scenario {
        final JsonNode spec;
        final String bootstrap;
        final String prefix;
        final Trace trace;
        final Map<String, Client> clients = new LinkedHashMap<>();
        final Map<String, ProducerRecord<Object, Object>> records = new HashMap<>();
        final Map<String, Future<RecordMetadata>> futures = new LinkedHashMap<>();

        Scenario(JsonNode spec, String bootstrap, String prefix) {
            this.spec = spec;
            this.bootstrap = bootstrap;
            this.prefix = prefix;
            this.trace = new Trace(prefix);
        }

        List<String> run() {
            spec.get("clients").fields().forEachRemaining(entry -> clients.put(entry.getKey(), new Client(this, entry.getKey(), entry.getValue())));
            try {
                for (JsonNode step : spec.get("steps")) step(step.asText());
            } catch (Exception unexpected) {
                trace.add("the scenario broke: " + unexpected);
            }
            List<String> lines = trace.end();
            for (Client client : clients.values()) client.discard();
            return lines;
        }

        void step(String step) throws Exception {
            String[] words = step.split(" ");
            switch (words[0]) {
                case "sleep" -> Thread.sleep(Long.parseLong(words[1]));
                case "join" -> join(clients.get(words[1]), clients.get(words[2]));
                case "record" -> trace.outcome(step, () -> {
                    record(words[1]).headers().add(words[3], words[4].getBytes());
                    return "headers=" + Show.headers(record(words[1]).headers());
                });
                default -> clients.get(words[0]).step(step, words);
            }
        }

        /** Both members poll at the same time until each has partitions; the lines of one stand before those of the other. */
        void join(Client first, Client second) throws Exception {
            int from = trace.size();
            ExecutorService threads = Executors.newFixedThreadPool(2);
            for (Future<?> joined : List.of(threads.submit(() -> first.pollWith(second)), threads.submit(() -> second.pollWith(first)))) joined.get();
            threads.shutdown();
            trace.sortFrom(from);
        }

        ProducerRecord<Object, Object> record(String name) {
            return records.computeIfAbsent(name, key -> {
                JsonNode spec = this.spec.get("records").get(key);
                if (spec.isNull()) return null;
                ProducerRecord<Object, Object> record = new ProducerRecord<>(
                    prefix + spec.get("topic").asText(),
                    spec.has("partition") ? spec.get("partition").asInt() : null,
                    spec.has("timestamp") ? spec.get("timestamp").asLong() : null,
                    value(spec.get("key")),
                    spec.has("valueSize") ? "x".repeat(spec.get("valueSize").asInt()) : value(spec.get("value")));
                if (spec.has("headers")) spec.get("headers").fields().forEachRemaining(
                    header -> record.headers().add(header.getKey(), header.getValue().asText().getBytes()));
                return record;
            });
        }

        static Object value(JsonNode node) {
            return node == null || node.isNull() ? null : node.isNumber() ? (Object) node.asInt() : node.asText();
        }

        String futuresDone() {
            if (futures.isEmpty()) return "";
            return " done " + futures.values().stream().filter(Future::isDone).count() + "/" + futures.size();
        }
    }

    // --- One client of a scenario -----------------------------------------------------------------------------------

    static class Client {
        static final Class<?>[] PRODUCER_CLASSES = {ProducerA.class, ProducerB.class, ProducerC.class};
        static final Class<?>[] CONSUMER_CLASSES = {ConsumerA.class, ConsumerB.class, ConsumerC.class};
        final Scenario scenario;
        final Trace trace;
        final String name;
        final JsonNode spec;
        final List<Script> interceptors = new ArrayList<>();
        KafkaProducer<Object, Object> producer;
        KafkaConsumer<String, String> consumer;
        volatile int consumed = 0;
        volatile boolean hasPartitions = false;

        Client(Scenario scenario, String name, JsonNode spec) {
            this.scenario = scenario;
            this.trace = scenario.trace;
            this.name = name;
            this.spec = spec;
        }

        void discard() {
            try {
                if (producer != null) producer.close(Duration.ZERO);
                if (consumer != null) consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
            } catch (Exception alreadyBroken) {
                // The trace has ended.
            }
        }

        void step(String step, String[] words) throws Exception {
            switch (words[1]) {
                case "new" -> trace.outcome(step, () -> {
                    create();
                    return "done";
                });
                case "send" -> send(step, words);
                case "partitionsFor" -> trace.outcome(step, () -> producer.partitionsFor(scenario.prefix + words[2]).size() + " partitions");
                case "flush" -> trace.outcome(step, () -> {
                    producer.flush();
                    return "done";
                });
                case "result" -> trace.add(words[2] + ".future: " + result(scenario.futures.get(words[2])));
                case "headers" -> trace.outcome(step, () -> {
                    interceptors.get(words[2].charAt(0) - 'a').kept.add(words[3], words[4].getBytes());
                    return "added";
                });
                case "close" -> trace.outcome(step, () -> {
                    if (consumer != null) consumer.close();
                    else if (words.length > 2) producer.close(Duration.ofMillis(Long.parseLong(words[2])));
                    else producer.close();
                    return "done";
                });
                default -> consumerStep(step, words);
            }
        }

        void create() {
            Properties config = new Properties();
            boolean isProducer = spec.get("kind").asText().equals("producer");
            config.put("bootstrap.servers", scenario.bootstrap);
            config.put("client.id", name);
            if (isProducer) config.put("linger.ms", "10000");
            else {
                config.put("auto.offset.reset", "earliest");
                config.put("enable.auto.commit", "false");
                config.put("fetch.max.wait.ms", "100");
            }
            spec.path("config").fields().forEachRemaining(entry -> config.put(entry.getKey(), entry.getValue().asText()));
            if ("".equals(config.get("client.id"))) config.remove("client.id");
            if (config.containsKey("group.id")) config.put("group.id", scenario.prefix + config.get("group.id"));
            String key = scenario.prefix + name;
            CLIENTS.put(key, this);
            config.put("trace.client", key);
            List<Class<?>> classes = new ArrayList<>();
            for (int index = 0; index < spec.path("interceptors").size(); index++) {
                int same = spec.get("interceptors").get(index).path("sameAs").asInt(index);
                classes.add((isProducer ? PRODUCER_CLASSES : CONSUMER_CLASSES)[same]);
            }
            config.put("interceptor.classes", classes);
            if (isProducer) {
                switch (spec.path("partitioner").asText()) {
                    case "throws" -> config.put("partitioner.class", ThrowingPartitioner.class);
                    case "negative" -> config.put("partitioner.class", NegativePartitioner.class);
                    case "beyond" -> config.put("partitioner.class", BeyondPartitioner.class);
                    default -> {}
                }
                producer = new KafkaProducer<>(config, serializer("keySerializer"), serializer("valueSerializer"));
            } else consumer = new KafkaConsumer<>(config, new StringDeserializer(), deserializer());
        }

        void send(String step, String[] words) {
            boolean withCallback = words.length > 3;
            try {
                ProducerRecord<Object, Object> record = scenario.record(words[2]);
                Future<RecordMetadata> future = withCallback
                    ? producer.send(record, (metadata, exception) -> callback(words, metadata, exception))
                    : producer.send(record);
                if (!withCallback) scenario.futures.put(words[2], future);
                trace.add(step + ": returned");
            } catch (Exception error) {
                trace.add(step + ": threw " + Show.error(error));
            }
        }

        void callback(String[] words, RecordMetadata metadata, Exception exception) {
            trace.add(words[2] + ".callback " + Show.metadata(metadata) + " " + Show.error(exception) + scenario.futuresDone());
            if (words.length < 5) return;
            String action = words[2] + ".callback " + words[4];
            switch (words[4]) {
                case "throw" -> throw new Boom();
                case "flush" -> trace.outcome(action, () -> {
                    producer.flush();
                    return "done";
                });
                case "close" -> trace.outcome(action, () -> {
                    producer.close();
                    return "done";
                });
                case "send" -> send(name + " send " + words[5] + " callback", new String[] {name, "send", words[5], "callback"});
                default -> throw new IllegalArgumentException(action);
            }
        }

        static String result(Future<RecordMetadata> future) throws Exception {
            if (future == null) return "none";
            try {
                return Show.metadata(future.get(WAIT_MS, TimeUnit.MILLISECONDS)) + " ok";
            } catch (ExecutionException error) {
                return "failed " + Show.error(error.getCause());
            }
        }

        void consumerStep(String step, String[] words) {
            switch (words[1]) {
                case "assign" -> trace.outcome(step, () -> {
                    consumer.assign(partitions(words[2]));
                    return "done";
                });
                case "subscribe" -> trace.outcome(step, () -> {
                    consumer.subscribe(List.of(scenario.prefix + words[2]), new Listener(this));
                    return "done";
                });
                case "seek" -> trace.outcome(step, () -> {
                    offsets(words[2]).forEach((partition, offset) -> consumer.seek(partition, offset.offset()));
                    return "done";
                });
                case "poll" -> trace.outcome(step, () -> words.length > 2 ? pollFor(Integer.parseInt(words[2])) : poll());
                case "pollEmpty" -> trace.outcome(step, () -> Show.records(consumer.poll(Duration.ofMillis(Long.parseLong(words[2])))));
                case "commit" -> trace.outcome(step, () -> {
                    if (words.length > 2) consumer.commitSync(offsets(words[2]));
                    else consumer.commitSync();
                    return "done";
                });
                case "commitAsync" -> trace.outcome(step, () -> {
                    consumer.commitAsync((offsets, error) -> trace.add(name + ".commitCallback " + Show.error(error)));
                    return "returned";
                });
                case "committed" -> trace.outcome(step, () -> {
                    Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(Map.copyOf(offsets(words[2] + "@0")).keySet());
                    committed.values().removeIf(offset -> offset == null);
                    return Show.offsets(committed);
                });
                case "position" -> trace.outcome(step, () -> String.valueOf(consumer.position(partitions(words[2]).get(0))));
                default -> throw new IllegalArgumentException(step);
            }
        }

        /** Until there are records, or an interceptor has had some. */
        String poll() {
            int before = consumed;
            long end = System.currentTimeMillis() + WAIT_MS;
            while (System.currentTimeMillis() < end) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                if (records == null || !records.isEmpty() || consumed > before) return Show.records(records);
            }
            return "nothing came";
        }

        /** Until there were so many records in all. */
        String pollFor(int count) {
            long end = System.currentTimeMillis() + WAIT_MS;
            int polled = 0;
            while (polled < count && System.currentTimeMillis() < end) polled += consumer.poll(Duration.ofMillis(100)).count();
            return polled + " records";
        }

        void pollWith(Client other) {
            long end = System.currentTimeMillis() + WAIT_MS;
            while (!hasPartitions || !other.hasPartitions) {
                consumer.poll(Duration.ofMillis(50));
                hasPartitions = !consumer.assignment().isEmpty();
                if (System.currentTimeMillis() > end) throw new IllegalStateException("the members did not come together");
            }
            for (end = System.currentTimeMillis() + SETTLE_MS; System.currentTimeMillis() < end; ) consumer.poll(Duration.ofMillis(50));
        }

        List<TopicPartition> partitions(String names) {
            return List.of(names.split(",")).stream().map(this::partition).collect(Collectors.toList());
        }

        TopicPartition partition(String name) {
            int dash = name.lastIndexOf('-');
            return new TopicPartition(scenario.prefix + name.substring(0, dash), Integer.parseInt(name.substring(dash + 1)));
        }

        Map<TopicPartition, OffsetAndMetadata> offsets(String names) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new LinkedHashMap<>();
            for (String name : names.split(",")) {
                String[] parts = name.split("@");
                offsets.put(partition(parts[0]), new OffsetAndMetadata(Long.parseLong(parts[1]), parts.length > 2 ? "x".repeat(Integer.parseInt(parts[2])) : ""));
            }
            return offsets;
        }

        @SuppressWarnings({"unchecked", "rawtypes"})
        Serializer<Object> serializer(String option) {
            return switch (spec.path(option).asText()) {
                case "throws" -> (topic, data) -> {
                    throw new Boom();
                };
                case "refuses" -> (topic, data) -> {
                    throw new SerializationException("refused");
                };
                case "tells" -> new TellingSerializer(this);
                default -> (Serializer) new StringSerializer();
            };
        }

        Deserializer<String> deserializer() {
            if (!spec.path("valueDeserializer").asText().equals("throws")) return new StringDeserializer();
            return (topic, data) -> {
                throw new SerializationException("refused");
            };
        }
    }

    record Listener(Client client) implements ConsumerRebalanceListener {
        @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            client.trace.add(client.name + ".onPartitionsRevoked " + Show.partitions(partitions));
        }
        @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            // A member may miss a generation that has nothing for it.
            if (partitions.isEmpty()) return;
            client.trace.add(client.name + ".onPartitionsAssigned " + Show.partitions(partitions));
        }
        @Override public void onPartitionsLost(Collection<TopicPartition> partitions) {
            client.trace.add(client.name + ".onPartitionsLost " + Show.partitions(partitions));
        }
    }

    /** Tells the topic it is given, and adds a header. */
    record TellingSerializer(Client client) implements Serializer<Object> {
        @Override public byte[] serialize(String topic, Object data) {
            throw new UnsupportedOperationException();
        }
        @Override public byte[] serialize(String topic, Headers headers, Object data) {
            client.trace.add(client.name + ".serializer topic=" + topic);
            headers.add("serialized", "yes".getBytes());
            return data.toString().getBytes(StandardCharsets.UTF_8);
        }
    }

    public abstract static class FixedPartitioner implements Partitioner {
        abstract int partition();
        @Override public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
            return partition();
        }
        @Override public void configure(Map<String, ?> configs) {}
        @Override public void close() {}
    }
    public static class NegativePartitioner extends FixedPartitioner { int partition() { return -1; } }
    public static class BeyondPartitioner extends FixedPartitioner { int partition() { return 99; } }
    public static class ThrowingPartitioner extends FixedPartitioner { int partition() { throw new Boom(); } }

    // --- Interceptors -----------------------------------------------------------------------------------------------

    /** What the interceptors of both kinds share: a script for each hook. */
    abstract static class Script implements ClusterResourceListener {
        final int position;
        Client client;
        JsonNode spec;
        String label;
        volatile boolean sawCluster;
        Headers kept;

        Script(int position) {
            this.position = position;
        }

        public void configure(Map<String, ?> configs) {
            client = CLIENTS.get((String) configs.get("trace.client"));
            client.interceptors.add(this);
            spec = client.spec.get("interceptors").get(position);
            label = client.name + "." + (char) ('a' + position);
            trace("configure client.id=" + configs.get("client.id").toString().replaceAll("-[0-9]+$", "-N")
                + (configs.containsKey("acks") ? " acks=" + configs.get("acks") : ""));
            throwIfScripted("configure");
        }

        @Override public void onUpdate(ClusterResource cluster) {
            sawCluster = cluster.clusterId() != null;
        }

        public void close() {
            trace("close");
            throwIfScripted("close");
        }

        void trace(String line) {
            client.trace.add(label + "." + line);
        }

        List<String> script(String hook) {
            return StreamSupport.stream(spec.path(hook).spliterator(), false).map(JsonNode::asText).toList();
        }

        void throwIfScripted(String hook) {
            if (script(hook).contains("throw")) throw new Boom();
        }

        String cluster() {
            return spec.path("tellsCluster").asBoolean() ? " cluster " + (sawCluster ? "known" : "unknown") : "";
        }
    }

    abstract static class ProducerScript extends Script implements ProducerInterceptor<Object, Object> {
        ProducerScript(int position) {
            super(position);
        }

        @Override public ProducerRecord<Object, Object> onSend(ProducerRecord<Object, Object> given) {
            trace("onSend " + Show.record(given));
            ProducerRecord<Object, Object> record = given;
            for (String action : script("onSend")) {
                String[] words = action.split(" ");
                switch (words[0]) {
                    case "throw" -> throw new Boom();
                    case "null" -> record = null;
                    case "append" -> record = copy(record, record.topic(), record.partition(), record.key(), record.value() + words[1]);
                    case "value" -> record = copy(record, record.topic(), record.partition(), record.key(), words.length > 1 ? words[1].replace("''", "") : null);
                    case "topic" -> record = copy(record, client.scenario.prefix + words[1], record.partition(), record.key(), record.value());
                    case "partition" -> record = copy(record, record.topic(), Integer.valueOf(words[1]), record.key(), record.value());
                    case "key" -> record = copy(record, record.topic(), record.partition(), words[1], record.value());
                    case "header" -> record.headers().add(words[1], words[2].getBytes());
                    case "bare" -> record = new ProducerRecord<>(record.topic(), record.partition(), record.key(), record.value());
                    case "fresh" -> record = new ProducerRecord<>(client.scenario.prefix + words[1], words[2]);
                    case "keep" -> kept = record.headers();
                    case "sleep" -> {
                        try {
                            Thread.sleep(Long.parseLong(words[1]));
                        } catch (InterruptedException interrupted) {
                            throw new IllegalStateException(interrupted);
                        }
                    }
                    default -> throw new IllegalArgumentException(action);
                }
            }
            return record;
        }

        static ProducerRecord<Object, Object> copy(ProducerRecord<Object, Object> record, String topic, Integer partition, Object key, Object value) {
            return new ProducerRecord<>(topic, partition, record.timestamp(), key, value, record.headers());
        }

        @Override public void onAcknowledgement(RecordMetadata metadata, Exception exception, Headers headers) {
            trace("onAcknowledgement " + Show.metadata(metadata) + " " + Show.error(exception) + " headers=" + Show.headers(headers) + " "
                + Show.writability(headers) + cluster() + client.scenario.futuresDone());
            throwIfScripted("onAcknowledgement");
        }
    }

    abstract static class ConsumerScript extends Script implements ConsumerInterceptor<String, String> {
        ConsumerScript(int position) {
            super(position);
        }

        @Override public ConsumerRecords<String, String> onConsume(ConsumerRecords<String, String> given) {
            client.consumed++;
            if (!spec.path("quiet").asBoolean()) trace("onConsume " + Show.records(given) + cluster());
            ConsumerRecords<String, String> records = given;
            for (String action : script("onConsume")) {
                String[] words = action.split(" ");
                switch (words[0]) {
                    case "throw" -> throw new Boom();
                    case "null" -> records = null;
                    case "keep" -> records = rebuilt(records, words[1], "");
                    case "append" -> records = rebuilt(records, null, words[1]);
                    case "fabricate" -> records = withOneMore(records, words[1]);
                    case "bare" -> records = new ConsumerRecords<>(byPartition(records, null, ""));
                    default -> throw new IllegalArgumentException(action);
                }
            }
            return records;
        }

        static ConsumerRecords<String, String> rebuilt(ConsumerRecords<String, String> records, String keep, String suffix) {
            return new ConsumerRecords<>(byPartition(records, keep, suffix), records.nextOffsets());
        }

        static Map<TopicPartition, List<ConsumerRecord<String, String>>> byPartition(ConsumerRecords<String, String> records, String keep, String suffix) {
            Map<TopicPartition, List<ConsumerRecord<String, String>>> kept = new LinkedHashMap<>();
            for (TopicPartition partition : records.partitions())
                kept.put(partition, records.records(partition).stream()
                    .filter(record -> keep == null || List.of(keep.split(",")).contains(record.value()))
                    .map(record -> new ConsumerRecord<>(record.topic(), record.partition(), record.offset(), record.key(), record.value() + suffix))
                    .collect(Collectors.toList()));
            kept.values().removeIf(List::isEmpty);
            return kept;
        }

        static ConsumerRecords<String, String> withOneMore(ConsumerRecords<String, String> records, String value) {
            Map<TopicPartition, List<ConsumerRecord<String, String>>> all = byPartition(records, null, "");
            all.forEach((partition, list) -> list.add(new ConsumerRecord<>(partition.topic(), partition.partition(), 99, null, value)));
            return new ConsumerRecords<>(all, records.nextOffsets());
        }

        @Override public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
            trace("onCommit " + Show.offsets(offsets));
            throwIfScripted("onCommit");
        }
    }

    // Kafka makes interceptors from classes, and takes each class once.
    public static class ProducerA extends ProducerScript { public ProducerA() { super(0); } }
    public static class ProducerB extends ProducerScript { public ProducerB() { super(1); } }
    public static class ProducerC extends ProducerScript { public ProducerC() { super(2); } }
    public static class ConsumerA extends ConsumerScript { public ConsumerA() { super(0); } }
    public static class ConsumerB extends ConsumerScript { public ConsumerB() { super(1); } }
    public static class ConsumerC extends ConsumerScript { public ConsumerC() { super(2); } }

    // --- The trace --------------------------------------------------------------------------------------------------

    interface Call { String run() throws Exception; }

    static class Trace {
        final String prefix;
        final List<String> lines = new ArrayList<>();
        boolean ended;

        Trace(String prefix) {
            this.prefix = prefix;
        }

        synchronized void add(String line) {
            if (!ended) lines.add(line.replace(prefix, ""));
        }

        synchronized int size() {
            return lines.size();
        }

        void outcome(String what, Call call) {
            String outcome;
            try {
                outcome = call.run();
            } catch (Exception error) {
                outcome = "threw " + Show.error(error);
            }
            add(what + ": " + outcome);
        }

        /** Stable, by the client that begins the line. */
        synchronized void sortFrom(int from) {
            lines.subList(from, lines.size()).sort((left, right) -> Character.compare(left.charAt(0), right.charAt(0)));
        }

        synchronized List<String> end() {
            ended = true;
            return List.copyOf(lines);
        }
    }

    static class Show {
        static String record(ProducerRecord<Object, Object> record) {
            if (record == null) return "null";
            return record.topic() + "-" + (record.partition() == null ? "?" : record.partition()) + " " + text(record.key()) + "=" + text(record.value())
                + " headers=" + headers(record.headers()) + " time " + (record.timestamp() == null ? "none" : time(record.timestamp()));
        }

        static String metadata(RecordMetadata metadata) {
            if (metadata == null) return "null";
            return metadata.topic() + "-" + (metadata.partition() < 0 ? "?" : metadata.partition()) + "@" + (metadata.hasOffset() ? metadata.offset() : "?")
                + " sizes " + metadata.serializedKeySize() + "/" + metadata.serializedValueSize()
                + " time " + (metadata.hasTimestamp() ? time(metadata.timestamp()) : "none");
        }

        static String time(long timestamp) {
            return timestamp < 1_000_000 ? String.valueOf(timestamp) : "now";
        }

        static String text(Object value) {
            if (value == null) return "null";
            String text = value.toString();
            return text.isEmpty() ? "''" : text.length() > 40 ? text.length() + "*" + text.charAt(0) : text;
        }

        static String headers(Headers headers) {
            return StreamSupport.stream(headers.spliterator(), false)
                .map(header -> header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8)).collect(Collectors.joining(",", "[", "]"));
        }

        static String writability(Headers headers) {
            try {
                headers.add("try", null);
                headers.remove("try");
                return "writable";
            } catch (IllegalStateException readOnly) {
                return "read-only";
            }
        }

        static String records(ConsumerRecords<String, String> records) {
            if (records == null) return "null";
            List<String> all = new ArrayList<>();
            for (ConsumerRecord<String, String> record : records)
                all.add(record.topic() + "-" + record.partition() + "@" + record.offset() + " " + text(record.value()));
            // Which partition comes first is nobody's promise.
            all.sort(Comparator.comparing(line -> line.substring(0, line.indexOf('@'))));
            return "[" + String.join(", ", all) + "] next " + offsets(records.nextOffsets());
        }

        static String offsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
            return offsets.entrySet().stream().map(entry -> entry.getKey() + "@" + entry.getValue().offset()).sorted().collect(Collectors.joining(",", "[", "]"));
        }

        static String partitions(Collection<TopicPartition> partitions) {
            return partitions.stream().map(TopicPartition::toString).sorted().collect(Collectors.joining(",", "[", "]"));
        }

        /** The common name of an error, by the table that both sides share. */
        static String error(Throwable error) {
            if (error == null) return "ok";
            String message = String.valueOf(error.getMessage());
            for (JsonNode row : errorCodes) {
                if (!row.get("java").asText().equals(error.getClass().getSimpleName())) continue;
                if (row.has("says") && !message.contains(row.get("says").asText())) continue;
                return row.get("code").asText();
            }
            Errors known = Errors.forException(error);
            return known == Errors.UNKNOWN_SERVER_ERROR ? error.getClass().getSimpleName() : known.name();
        }
    }
}
