package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.DatasetPart;
import org.simreg.proto.DescribeRequest;
import org.simreg.proto.Job;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.Refused;
import org.simreg.proto.Roots;
import org.simreg.proto.SamplePart;
import org.simreg.proto.Split;
import org.simreg.proto.Teacher;
import org.simreg.proto.WeightsPart;
import org.simreg.proto.WeightsRequest;

/** The service {@code Samples}, called by a plain client. */
@Timeout(60)
class SamplesRpcTest {
    private static final int LARGE = 5 << 20;

    @TempDir
    Path folder;

    private FarStorage far;
    private Dataset dataset;

    @BeforeEach
    void start() {
        Pictures pictures = new Pictures(folder.resolve("images")).add("ant", 6);
        pictures.write("bee/large.png", new byte[LARGE]).write("bee/zero.png", new byte[0]);
        far = new FarStorage(folder, true);
        dataset = far.dataset("images");
    }

    @AfterEach
    void stop() {
        far.close();
    }

    private ReadRequest.Builder request(int... ids) {
        ReadRequest.Builder request = ReadRequest.newBuilder()
                .setDataset(dataset)
                .setSplit(Split.TRAIN)
                .setSha256(far.local(dataset).sha256());
        for (int id : ids) {
            request.addSamplesBuilder().setId(id);
        }
        return request;
    }

    private Iterator<SamplePart> read(int... ids) {
        return far.stub().read(request(ids).build());
    }

    private static String refusal(Status.Code code, Executable call) {
        StatusRuntimeException e = assertThrows(StatusRuntimeException.class, call);
        assertEquals(code, e.getStatus().getCode(), e.toString());
        return e.getStatus().getDescription();
    }

    private void denied(Dataset.Builder asked) {
        DescribeRequest describe =
                DescribeRequest.newBuilder().setDataset(asked).build();
        refusal(
                Status.Code.PERMISSION_DENIED,
                () -> far.stub().describe(describe).hasNext());
        ReadRequest read = request(0).setDataset(asked).build();
        String message = refusal(
                Status.Code.PERMISSION_DENIED, () -> far.stub().read(read).hasNext());
        assertTrue(message.contains("no other"), message);
        assertTrue(message.contains(String.join("", asked.getPathList()).replace(FarStorage.FAR, "")), message);
    }

    @Test
    void onlyDataSetsOfJobsAreRead() throws IOException {
        Files.createDirectories(folder.resolve("secret"));
        denied(Dataset.newBuilder().addPath(FarStorage.FAR + "/secret"));
        denied(Dataset.newBuilder().addPath(FarStorage.FAR + "/images/../secret"));
        denied(Dataset.newBuilder().addPath(FarStorage.FAR + "/images/ant"));
        denied(Dataset.newBuilder().addPath("/etc"));
        denied(Dataset.newBuilder());
        denied(dataset.toBuilder().setClassesFile("/etc/passwd"));
    }

    @Test
    void onlyWeightFilesOfJobsAreRead() throws IOException {
        Path teacher = Files.write(folder.resolve("teacher.pth"), new byte[10]);
        Path script = Files.write(folder.resolve("teacher.pt"), new byte[11]);
        Path init = Files.write(folder.resolve("student.pth"), new byte[12]);
        Files.write(folder.resolve("secret.pth"), new byte[13]);
        Job.Builder job = Job.newBuilder();
        job.addTeachers(Teacher.newBuilder().setSource(teacher.toString()));
        job.addTeachers(Teacher.newBuilder().setSource("torchscript:" + script));
        job.getStudentBuilder().setInit(init.toString());
        far.know(job.build());
        for (Path granted : List.of(teacher, script, init)) {
            assertEquals(
                    Files.size(granted),
                    weights(granted.toString()).next().getHeader().getLength());
        }
        List<String> others = List.of(
                "",
                folder + "/secret.pth",
                folder + "/x/../teacher.pth",
                teacher + "/../secret.pth",
                "torchscript:" + script,
                "/etc/passwd");
        for (String other : others) {
            String message =
                    refusal(Status.Code.PERMISSION_DENIED, () -> weights(other).hasNext());
            assertTrue(message.contains("weight file " + other), message);
        }
        Files.delete(teacher);
        String message =
                refusal(Status.Code.NOT_FOUND, () -> weights(teacher.toString()).hasNext());
        assertTrue(message.contains("teacher.pth"), message);
    }

    private Iterator<WeightsPart> weights(String path) {
        return far.stub().weights(WeightsRequest.newBuilder().setPath(path).build());
    }

    @Test
    void whileJobsAreNotKnownYetNothingIsDenied() {
        SamplesRpc starting = new SamplesRpc(
                ReadGrants.of(() -> {
                    throw new Refused(Refused.Kind.UNAVAILABLE, "The coordinator starts");
                }),
                Roots.ANYWHERE,
                folder,
                1);
        List<Throwable> failures = new ArrayList<>();
        starting.describe(DescribeRequest.getDefaultInstance(), new StreamObserver<>() {
            @Override
            public void onNext(DatasetPart part) {
                failures.add(new AssertionError(part.toString()));
            }

            @Override
            public void onError(Throwable failure) {
                failures.add(failure);
            }

            @Override
            public void onCompleted() {
                failures.add(new AssertionError("completed"));
            }
        });
        starting.close();
        assertEquals(1, failures.size());
        assertEquals(
                Status.Code.UNAVAILABLE, Status.fromThrowable(failures.get(0)).getCode());
    }

    @Test
    void filesComeInOrderInPiecesAndThoseThatCantBeReadSaySo() throws IOException {
        ReadRequest request = request(6, 3, 0, 7).build();
        far.stub().read(request).next();
        Files.delete(folder.resolve("images/ant/03.jpg"));
        List<SamplePart> parts = new ArrayList<>();
        far.stub().read(request).forEachRemaining(parts::add);
        assertEquals(
                List.of(6, 3, 0, 7),
                parts.stream().map(p -> p.getId()).distinct().toList());
        assertTrue(parts.stream().allMatch(part -> part.getData().size() <= 1 << 20));
        assertEquals(3, parts.stream().filter(SamplePart::hasCrc32C).count());
        assertEquals(LARGE, length(parts, 6));
        assertEquals(Files.size(folder.resolve("images/ant/00.png")), length(parts, 0));
        assertEquals(0, length(parts, 7));
        String reason = parts.stream()
                .filter(SamplePart::hasUnreadable)
                .findFirst()
                .get()
                .getUnreadable();
        assertEquals("it can't be read, there is no such file", reason);
    }

    private static long length(List<SamplePart> parts, int id) {
        return parts.stream()
                .filter(p -> p.getId() == id)
                .mapToInt(p -> p.getData().size())
                .sum();
    }

    @Test
    void idsThatDontExistAndTooManyAreRefused() {
        assertTrue(refusal(Status.Code.INVALID_ARGUMENT, () -> read(0, 8).hasNext())
                .contains("no sample 8 among 8"));
        refusal(Status.Code.INVALID_ARGUMENT, () -> read(-1).hasNext());
        String message =
                refusal(Status.Code.INVALID_ARGUMENT, () -> read(new int[5000]).hasNext());
        assertTrue(message.contains("5000"), message);
    }

    @Test
    void idsOfAnotherListOfImagesAreRefused() {
        read(0).forEachRemaining(part -> assertEquals(0, part.getId()));
        ReadRequest before = request(0).build();
        new Pictures(folder.resolve("images")).add("cat", 3);
        assertFalse(before.getSha256().equals(request(0).getSha256()));
        far.stub().read(request(8).build()).next();
        far.stub().read(before).forEachRemaining(part -> assertEquals(0, part.getId()));
        far.stop();
        far.start();
        String message = refusal(
                Status.Code.FAILED_PRECONDITION, () -> far.stub().read(before).hasNext());
        assertTrue(message.contains("files were added, renamed or removed"), message);
    }

    @Test
    void aFileThatChangesWhileItIsSentIsAnErrorThatNamesIt() throws IOException {
        Path large = folder.resolve("images/bee/large.png");
        for (int length : new int[] {LARGE - 1000, 100, LARGE + 1000}) {
            Files.write(large, new byte[LARGE]);
            Iterator<SamplePart> answer = read(6);
            answer.next();
            try (var file = new RandomAccessFile(large.toFile(), "rw")) {
                file.setLength(length);
            }
            String message = refusal(
                    Status.Code.FAILED_PRECONDITION,
                    () -> answer.forEachRemaining(part -> assertFalse(part.hasCrc32C())));
            assertTrue(message.contains(large + " has changed while it was read"), message);
            assertTrue(message.contains(length + " now"), message);
        }
    }

    @Test
    void storageThatIsAwayIsNotTakenForBrokenImages() throws IOException {
        ReadRequest request = request(0).build();
        far.stub().read(request).next();
        Files.move(folder.resolve("images"), folder.resolve("elsewhere"));
        refusal(Status.Code.UNAVAILABLE, () -> far.stub().read(request).hasNext());
        Files.move(folder.resolve("elsewhere"), folder.resolve("images"));
        assertTrue(far.stub().read(request).next().hasCrc32C());
    }

    @Test
    void clientsThatDontTakeTheirAnswerHoldNoThread() {
        far.stop();
        far.start(1);
        List<Iterator<SamplePart>> slow = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            slow.add(read(6, 6, 6, 6));
            assertEquals(6, slow.get(i).next().getId());
        }
        read(0, 1, 2).forEachRemaining(part -> assertTrue(part.hasCrc32C()));
        long[] bytes = {0};
        slow.get(3).forEachRemaining(part -> bytes[0] += part.getData().size());
        assertTrue(bytes[0] > 3L * LARGE && bytes[0] < 4L * LARGE, bytes[0] + " bytes");
    }
}
