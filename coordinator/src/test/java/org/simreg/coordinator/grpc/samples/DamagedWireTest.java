package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.DatasetPart;
import org.simreg.proto.SamplePart;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;

/** Answers that are damaged by the server or on the network. */
@Timeout(60)
class DamagedWireTest {
    private static final int IMAGES = 12;

    @TempDir
    Path folder;

    private final ConcurrentLinkedQueue<String> notices = new ConcurrentLinkedQueue<>();
    private FarStorage far;
    private Dataset dataset;

    @BeforeEach
    void start() {
        new Pictures(folder.resolve("images")).add("ant", IMAGES);
        far = new FarStorage(folder, false);
        dataset = far.dataset("images");
    }

    @AfterEach
    void stop() {
        far.close();
    }

    private static Object changed(
            Object message, Predicate<SamplePart> which, UnaryOperator<SamplePart.Builder> change) {
        return message instanceof SamplePart part && which.test(part)
                ? change.apply(part.toBuilder()).build()
                : message;
    }

    private static SamplePart.Builder flipped(SamplePart.Builder part) {
        byte[] bytes = part.getData().toByteArray();
        bytes[bytes.length / 3] ^= 1;
        return part.setData(ByteString.copyFrom(bytes));
    }

    private String failure() {
        ImageList remote = far.worker().open(dataset, notices::add).train();
        try (BatchLoader loader = Views.loader(remote, notices::add);
                BatchStream batches = loader.batches(Views.requests(IMAGES, 0, 3))) {
            return assertThrows(UserError.class, () -> takeAll(batches)).getMessage();
        }
    }

    private static void takeAll(BatchStream batches) {
        while (batches.hasNext()) {
            batches.next().close();
        }
    }

    @Test
    void aBitThatFlipsOnceIsReadAgain() {
        AtomicInteger times = new AtomicInteger();
        far.wire = message ->
                changed(message, part -> part.getId() == 5 && times.incrementAndGet() == 1, DamagedWireTest::flipped);
        ImageList remote = far.worker().open(dataset, notices::add).train();
        Views.assertSame(far.local(dataset).train(), remote, 0, 2);
        assertTrue(times.get() >= 2, times + " times sent");
        assertEquals(List.of(), List.copyOf(notices));
    }

    @Test
    void aServerThatLiesInTheEndFailsTheJobByName() {
        far.wire = message -> changed(message, part -> part.getId() == 5, DamagedWireTest::flipped);
        String message = failure();
        assertTrue(message.contains("the CRC32C of sample 5 is"), message);
        assertTrue(message.contains("3 times in a row"), message);
        assertTrue(message.contains("/not-on-this-machine/images"), message);
    }

    @Test
    void aShorterFileThanAnnouncedIsCaught() {
        far.wire = message -> changed(
                message,
                part -> part.getId() == 5,
                part -> part.setData(part.getData().substring(1)));
        assertTrue(failure().contains("not the announced"));
    }

    @Test
    void anotherSampleThanAskedForIsCaught() {
        far.wire = message -> changed(message, part -> part.getId() == 5, part -> part.setId(6));
        String message = failure();
        assertTrue(message.contains("in place of 5"), message);
    }

    @Test
    void unchangedIsNotBelievedOfWhatIsNotHeld() {
        far.wire = message -> changed(
                message, part -> part.getId() == 5, part -> part.clearData().setUnchanged(true));
        String message = failure();
        assertTrue(message.contains("said to be unchanged"), message);
    }

    @Test
    void aDataSetWithOtherNamesThanItsDigestIsCaught() {
        far.wire = message -> {
            if (message instanceof DatasetPart part && part.hasListing()) {
                DatasetPart.Builder other = part.toBuilder();
                other.getListingBuilder().getClassesBuilder(0).setImages(2, "02.jpg");
                return other.build();
            }
            return message;
        };
        String message = assertThrows(UserError.class, () -> far.worker().open(dataset, notices::add))
                .getMessage();
        assertTrue(message.contains("the names of 12 images in TRAIN"), message);
    }
}
