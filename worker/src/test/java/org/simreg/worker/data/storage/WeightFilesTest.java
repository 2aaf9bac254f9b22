package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.SamplesGrpc;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.proto.WeightsPart;
import org.simreg.proto.WeightsRequest;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.storage.remote.RemoteStorage;
import org.simreg.worker.train.SmallRun;

@Timeout(60)
class WeightFilesTest {
    private static final String FAR = "/not-on-this-machine/";

    @TempDir
    Path folder;

    private final List<String> asked = new ArrayList<>();
    private Server server;
    private ManagedChannel channel;
    private RemoteStorage storage;

    /** A coordinator that gives files whose content is their path. */
    private final class Coordinator extends SamplesGrpc.SamplesImplBase {
        @Override
        public void weights(WeightsRequest request, StreamObserver<WeightsPart> client) {
            asked.add(request.getPath());
            if (request.getPath().contains("secret")) {
                Status denied = Status.PERMISSION_DENIED.withDescription("Not this file");
                client.onError(denied.asRuntimeException());
                return;
            }
            byte[] bytes = content(request.getPath());
            WeightsPart.Builder head = WeightsPart.newBuilder();
            head.getHeaderBuilder().setLength(bytes.length).setSha256(sha256(bytes));
            client.onNext(head.build());
            client.onNext(
                    WeightsPart.newBuilder().setData(ByteString.copyFrom(bytes)).build());
            client.onCompleted();
        }
    }

    private static byte[] content(String path) {
        return path.getBytes(StandardCharsets.UTF_8);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void start() throws IOException {
        String name = folder.toString();
        server = InProcessServerBuilder.forName(name)
                .addService(new Coordinator())
                .build()
                .start();
        channel = InProcessChannelBuilder.forName(name).build();
        storage = new RemoteStorage(
                channel, new RemoteStorage.Settings(new CacheSpace(folder.resolve("cache"), 1 << 20)));
    }

    @AfterEach
    void stop() {
        storage.close();
        channel.shutdownNow();
        server.shutdownNow();
    }

    private Job here(Job.Builder job) {
        WorkerSettings settings = new WorkerSettings("cpu", 1, 1, folder.resolve("index"), Optional.of(storage));
        return WeightFiles.here(job.build(), teacher -> true, settings, notice -> {});
    }

    private static void assertCopy(String far, String near) throws IOException {
        assertNotEquals(far, near);
        assertArrayEquals(content(far), Files.readAllBytes(Path.of(near)));
        assertEquals(Path.of(far).getFileName(), Path.of(near).getFileName());
    }

    @Test
    void filesThatAreNotHereAreCopiedAndTheRestOfTheJobStays() throws IOException {
        String local = Files.write(folder.resolve("local.pth"), new byte[3]).toString();
        Job.Builder job = SmallRun.job(FAR + "a.pth", local, "torchscript:" + FAR + "b.pt");
        job.getStudentBuilder().setInit(FAR + "c.pth");
        Job here = here(job);
        assertCopy(FAR + "a.pth", here.getTeachers(0).getSource());
        assertEquals(local, here.getTeachers(1).getSource());
        String script = here.getTeachers(2).getSource();
        assertTrue(script.startsWith(TeacherSource.TORCHSCRIPT_PREFIX), script);
        assertCopy(FAR + "b.pt", script.substring(TeacherSource.TORCHSCRIPT_PREFIX.length()));
        assertCopy(FAR + "c.pth", here.getStudent().getInit());
        assertEquals(List.of(FAR + "a.pth", FAR + "b.pt", FAR + "c.pth"), asked);
        Job.Builder back = here.toBuilder();
        for (int i = 0; i < job.getTeachersCount(); i++) {
            back.getTeachersBuilder(i).setSource(job.getTeachers(i).getSource());
        }
        back.getStudentBuilder().setInit(FAR + "c.pth");
        assertEquals(job.build(), back.build());
    }

    @Test
    void teachersThatAreNotNeededAreNotCopied() throws IOException {
        Job job = SmallRun.job(FAR + "a.pth", FAR + "b.pth").build();
        WorkerSettings settings = new WorkerSettings("cpu", 1, 1, folder.resolve("index"), Optional.of(storage));
        Job here = WeightFiles.here(job, teacher -> teacher == 1, settings, notice -> {});
        assertEquals(job.getTeachers(0), here.getTeachers(0));
        assertCopy(FAR + "b.pth", here.getTeachers(1).getSource());
        assertEquals(List.of(FAR + "b.pth"), asked);
    }

    @Test
    void aModuleAndTheRunThatItRestartsFromAreCopiedToo() throws IOException {
        Job.Builder job = SmallRun.job("self");
        job.getStudentBuilder().setModule(FAR + "net.pt").setRestart(FAR + "step-2.safetensors");
        Job here = here(job);
        assertCopy(FAR + "net.pt", here.getStudent().getModule());
        assertCopy(FAR + "step-2.safetensors", here.getStudent().getRestart());
    }

    @Test
    void aMomentumTeacherNeedsNoFile() {
        Job.Builder job = SmallRun.job("self");
        assertEquals(job.build(), here(job));
        assertEquals(List.of(), asked);
    }

    @Test
    void withoutACoordinatorPathsStayAsTheyAre() {
        Job job = SmallRun.job(FAR + "a.pth").build();
        assertSame(job, WeightFiles.here(job, teacher -> true, SmallRun.settings(folder, 1, 1), notice -> {}));
    }

    @Test
    void aFileThatTheCoordinatorDoesntGiveIsAnError() {
        UserError e = assertThrows(UserError.class, () -> here(SmallRun.job(FAR + "secret.pth")));
        assertEquals("Not this file", e.getMessage());
    }
}
