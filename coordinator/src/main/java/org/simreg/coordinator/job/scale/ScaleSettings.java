package org.simreg.coordinator.job.scale;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.proto.ScaleRecord;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;

/**
 * The settings of scaling.
 *
 * @param bounds until others are set
 * @param downDelay how long a higher number holds after it was last wanted; 0 to a day
 */
public record ScaleSettings(Bounds bounds, Duration downDelay) {
    /** Without any option. */
    public static final ScaleSettings USUAL = new ScaleSettings(Bounds.ANY, Duration.ofMinutes(1));

    /**
     * @throws UserError if the duration is out of bounds
     */
    public ScaleSettings {
        if (downDelay.isNegative() || downDelay.compareTo(Duration.ofDays(1)) > 0) {
            String rule = "choose 0 to 86400 seconds";
            throw new UserError("Workers can't be kept for " + downDelay.toSeconds() + " s: " + rule);
        }
    }

    /**
     * The file of JSON that keeps bounds which were set while a coordinator ran.
     *
     * @param path of the file, which may not be there
     */
    public record BoundsFile(Path path) {
        /** Name in the coordinator's home. */
        public static final String NAME = "scale.json";

        /**
         * @return empty if none were set
         * @throws UserError if they can't be read; the message has the file
         */
        Optional<Bounds> read() {
            if (!Files.exists(path)) {
                return Optional.empty();
            }
            String text = Disk.read(path, () -> Files.readString(path));
            try {
                ScaleRecord.Builder record = ScaleRecord.newBuilder();
                JsonFormat.parser().merge(text, record);
                return Optional.of(new Bounds(record.getMin(), record.getMax()));
            } catch (InvalidProtocolBufferException | UserError e) {
                String way = "; delete it to start with --min-workers and --max-workers";
                throw new UserError(path + " holds no bounds: " + e.getMessage() + way, e);
            }
        }

        /** On the disk when this returns. */
        void write(Bounds bounds) {
            ScaleRecord record = ScaleRecord.newBuilder()
                    .setMin(bounds.min())
                    .setMax(bounds.max())
                    .build();
            try {
                String text = JsonFormat.printer().print(record) + "\n";
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                AtomicFile.write(path, channel -> {
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                });
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("bounds can't be written as JSON", e);
            }
        }

        /** As if none had been set. */
        void delete() {
            Disk.write(path, () -> {
                if (Files.deleteIfExists(path)) {
                    Disk.forceFolder(path.toAbsolutePath().getParent());
                }
            });
        }
    }
}
