package org.simreg.coordinator.run.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.simreg.coordinator.run.log.TensorBoard.Event;
import org.simreg.coordinator.run.log.TensorBoard.Summary;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.KnnScore;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

/**
 * A TensorBoard event file with the scalars of a run: loss, learning rate, norm of the gradient where it is clipped,
 * images a second, seconds of each part of a step, k-NN accuracy.
 *
 * <p>A record is a length (8 bytes), its checksum, the event, its checksum, little-endian; the
 * checksum is CRC-32C, rotated and shifted by a constant so that it can be stored beside what it
 * covers. Every record goes to the file in one write.
 *
 * @see <a href="https://www.tensorflow.org/tutorials/load_data/tfrecord">the record format</a>
 */
public final class TensorBoardFile implements AutoCloseable {
    private static final String PREFIX = "events.out.tfevents.";
    private static final String SUFFIX = ".simreg";

    private final FileChannel file;
    private long step;

    private TensorBoardFile(FileChannel file) {
        this.file = file;
    }

    /** Creates a file in the folder, beside those that are there, that begins now. */
    public static TensorBoardFile create(Path folder) throws IOException {
        return create(folder, System.currentTimeMillis());
    }

    /** Removes the files of a folder, ours only. */
    public static void removeAll(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    /**
     * Creates a file in the folder, beside those that are there.
     *
     * @param timeMs when it begins, which orders the files of a folder
     */
    static TensorBoardFile create(Path folder, long timeMs) throws IOException {
        long seconds = timeMs / 1000;
        while (Files.exists(path(folder, seconds))) {
            seconds++;
        }
        FileChannel channel =
                FileChannel.open(path(folder, seconds), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        TensorBoardFile file = new TensorBoardFile(channel);
        file.write(Event.newBuilder()
                .setWallTime(timeMs / 1e3)
                .setFileVersion("brain.Event:2")
                .build());
        return file;
    }

    private static Path path(Path folder, long seconds) {
        return folder.resolve(PREFIX + "%010d".formatted(seconds) + SUFFIX);
    }

    /** Writes the scalars of an event; one without scalars writes nothing. */
    public void write(Progress event) throws IOException {
        Summary scalars = switch (event.getEventCase()) {
            case STEP -> step(event.getStep());
            case EPOCH ->
                scalar(Summary.newBuilder(), "epoch/loss", event.getEpoch().getLoss())
                        .build();
            case EVALUATION -> evaluation(event.getEvaluation());
            default -> Summary.getDefaultInstance();
        };
        if (scalars.getValueCount() > 0) {
            write(Event.newBuilder()
                    .setWallTime(event.getTimeMs() / 1e3)
                    .setStep(step)
                    .setSummary(scalars)
                    .build());
        }
    }

    private Summary step(StepDone done) {
        step = done.getStep();
        Summary.Builder scalars = Summary.newBuilder();
        scalar(scalars, "loss", done.getLoss());
        scalar(scalars, "lr", done.getLr());
        if (done.hasGradientNorm()) {
            scalar(scalars, "gradient_norm", done.getGradientNorm());
        }
        if (done.getSeconds() > 0) {
            scalar(scalars, "images_per_second", done.getImages() / done.getSeconds());
        }
        EventNames.seconds(done).forEach((part, time) -> scalar(scalars, "seconds/" + part, time));
        return scalars.build();
    }

    private static Summary evaluation(EvaluationDone done) {
        Summary.Builder scalars = Summary.newBuilder();
        String suffix = done.getSubject().equals(EventNames.STUDENT) ? "" : "/" + done.getSubject();
        for (KnnScore score : done.getKnnList()) {
            scalar(scalars, "knn/k" + score.getK() + suffix, score.getAccuracy());
        }
        return scalars.build();
    }

    private static Summary.Builder scalar(Summary.Builder scalars, String tag, double value) {
        return scalars.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value));
    }

    private void write(Event event) throws IOException {
        byte[] bytes = event.toByteArray();
        ByteBuffer record = ByteBuffer.allocate(bytes.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(bytes.length);
        record.putInt(checksum(record.array(), 0, 8));
        record.put(bytes);
        record.putInt(checksum(bytes, 0, bytes.length));
        record.flip();
        while (record.hasRemaining()) {
            file.write(record);
        }
    }

    /** CRC-32C in the masked form of the record format. */
    private static int checksum(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
