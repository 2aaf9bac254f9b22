package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.Student;
import org.simreg.proto.UserError;
import org.simreg.proto.WeightsPart;
import org.simreg.worker.data.storage.remote.RemoteStorage;

/** Weight files that a worker reads over gRPC. */
@Timeout(60)
class RemoteWeightsTest {
    private static final String PATH = FarStorage.FAR + "/teachers/teacher.pth";

    @TempDir
    Path folder;

    private FarStorage far;
    private byte[] weights;

    @BeforeEach
    void start() throws IOException {
        weights = random(3 << 20);
        Files.createDirectories(folder.resolve("teachers"));
        Files.write(folder.resolve("teachers/teacher.pth"), weights);
        far = new FarStorage(folder, true);
        grant("teacher.pth");
    }

    private void grant(String name) {
        Job.Builder job = Job.newBuilder();
        job.addTeachersBuilder()
                .setSource(folder.resolve("teachers").resolve(name).toString());
        far.know(job.build());
    }

    @Test
    void whatAStudentStartsFromIsGivenToo() throws IOException {
        for (String setting : List.of("init", "module", "restart")) {
            Path near = Files.write(folder.resolve("teachers").resolve(setting), weights);
            Job.Builder job = Job.newBuilder();
            job.getStudentBuilder().setField(Student.getDescriptor().findFieldByName(setting), near.toString());
            RemoteStorage worker = far.worker();
            String path = FarStorage.FAR + "/teachers/" + setting;
            assertThrows(UserError.class, () -> worker.weights(path, far.notices::add));
            far.know(job.build());
            Path copy = worker.weights(path, far.notices::add);
            assertArrayEquals(weights, Files.readAllBytes(copy), setting);
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length + 17];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    @AfterEach
    void stop() {
        far.close();
    }

    private Path get(RemoteStorage worker) {
        return worker.weights(PATH, far.notices::add);
    }

    @Test
    void aFileIsSentOnceAndItsCopyServesAllWorkers() throws IOException {
        Path copy = get(far.worker());
        assertArrayEquals(weights, Files.readAllBytes(copy));
        assertEquals("teacher.pth", copy.getFileName().toString());
        assertEquals(weights.length, far.bytes.getAndSet(0));
        assertEquals(copy, get(far.worker()));
        assertEquals(copy, get(far.worker()));
        assertEquals(0, far.bytes.get());
        assertEquals(1, files().size(), files().toString());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(far.cache().resolve("weights"))) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void aDamagedCopyIsFetchedAgain() throws IOException {
        Path copy = get(far.worker());
        byte[] damaged = weights.clone();
        damaged[1 << 20] ^= 1;
        Files.write(copy, damaged);
        assertEquals(copy, get(far.worker()));
        assertArrayEquals(weights, Files.readAllBytes(copy));
        Files.write(copy, new byte[3]);
        get(far.worker());
        assertArrayEquals(weights, Files.readAllBytes(copy));
    }

    @Test
    void anotherFileUnderTheSamePathIsAnotherCopy() throws IOException {
        Path before = get(far.worker());
        byte[] other = random(1000);
        Files.write(folder.resolve("teachers/teacher.pth"), other);
        Path after = get(far.worker());
        assertNotEquals(before, after);
        assertArrayEquals(weights, Files.readAllBytes(before));
        assertArrayEquals(other, Files.readAllBytes(after));
    }

    @Test
    void whatIsNotWhatWasAnnouncedIsRefusedAndNotKept() throws IOException {
        far.wire = message -> message instanceof WeightsPart part && part.hasData()
                ? part.toBuilder().setData(ByteString.copyFrom(new byte[9])).build()
                : message;
        String message = assertThrows(UserError.class, () -> get(far.worker())).getMessage();
        assertTrue(message.contains("the weights " + PATH), message);
        assertTrue(message.contains("that came are not the " + weights.length), message);
        assertEquals(List.of(), files());
    }

    @Test
    void aFileThatNoJobNamesIsRefusedInASentence() {
        String other = FarStorage.FAR + "/teachers/../secret.pth";
        RemoteStorage worker = far.worker();
        String message = assertThrows(UserError.class, () -> worker.weights(other, far.notices::add))
                .getMessage();
        assertTrue(message.contains("not one that a job of this coordinator names"), message);
    }

    @Test
    void copiesNotUsedForLongestAreForgottenAndThoseInUseRefuseMore() throws IOException {
        RemoteStorage worker = far.worker(4 << 20, Duration.ofSeconds(30));
        Path first = get(worker);
        Files.setLastModifiedTime(first.getParent(), FileTime.from(Instant.EPOCH));
        Path second = worker.weights(other("second.pt", 2 << 20), far.notices::add);
        assertEquals(List.of(second), files());
        String third = other("third.pt", (2 << 20) + 1);
        String message = assertThrows(UserError.class, () -> worker.weights(third, far.notices::add))
                .getMessage();
        assertTrue(message.startsWith("The weights third.pt have 2,097,170 bytes"), message);
        assertTrue(message.endsWith("give it more room by --cache-size"), message);
    }

    private String other(String name, int length) throws IOException {
        Files.write(folder.resolve("teachers").resolve(name), random(length));
        grant(name);
        return FarStorage.FAR + "/teachers/" + name;
    }

    @Test
    void samplesGiveWayToWeights() throws IOException {
        Path sample = far.cache().resolve("samples/ab/cd");
        Files.createDirectories(sample.getParent());
        Files.write(sample, new byte[2 << 20]);
        get(far.worker(4 << 20, Duration.ofSeconds(30)));
        assertFalse(Files.exists(sample));
        assertEquals(1, files().size());
    }

    @Test
    void aCacheThatCantBeWrittenIsAnErrorWithTheWayOut() throws IOException {
        Files.createDirectories(far.cache());
        Files.createFile(far.cache().resolve("weights"));
        String message = assertThrows(UserError.class, () -> get(far.worker())).getMessage();
        assertTrue(message.contains("give a cache folder that is writable"), message);
    }
}
