import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Prints the facts of Kafka's error table: code, name, and whether it may be retried and calls for new metadata. */
class PrintErrors {
    public static void main(String[] args) {
        for (Errors error : Errors.values()) {
            String line = error.code() + " " + error.name();
            if (error.exception() instanceof RetriableException) line += " retriable";
            if (error.exception() instanceof InvalidMetadataException) line += " refreshMetadata";
            System.out.println(line);
        }
    }
}
