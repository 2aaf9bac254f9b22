package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.bench.bucket.EndlessBucket;
import org.simreg.bench.bucket.FaultyLine.Fault;
import org.simreg.bench.bucket.LoopbackS3;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;
import org.simreg.worker.data.store.s3.S3Access;
import org.simreg.worker.data.store.s3.S3Store;

/** Answers of a bucket's service that lie or never end, as a store finds them out. */
@EnabledIfSystemProperty(named = "simreg.test.kills", matches = "[1-9]\\d*")
@Timeout(120)
class S3FaultsTest {
    /** Long beside an attempt on a busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static LoopbackS3 server;

    @TempDir
    static Path folder;

    private static byte[] picture;

    @BeforeAll
    static void aBucket() throws IOException {
        server = new LoopbackS3();
        server.use();
        Path data = SmallJob.pictures(folder.resolve("data"));
        server.bucket("pictures", folder);
        try (Stream<Path> files = Files.walk(data)) {
            picture = Files.readAllBytes(
                    files.filter(Files::isRegularFile).findFirst().orElseThrow());
        }
    }

    @AfterAll
    static void end() {
        server.close();
    }

    @AfterEach
    void theLineIsGood() {
        server.line().mend();
    }

    @ParameterizedTest
    @EnumSource(names = {"CUT", "SHORT", "GARBLED", "EMPTIED", "ERROR"})
    void aListingThatLiesIsNeverTakenForFewerObjects(Fault fault) {
        server.line().faults(number -> fault);
        S3Store store = new S3Store(S3Access.ofProcess().patient(PATIENCE), Roots.ANYWHERE);
        UserError e = assertThrows(UserError.class, () -> store.below("s3://pictures/data", object -> {}));
        assertTrue(e.getMessage().startsWith("The listing of s3://pictures/data/ can't be had"), e.getMessage());
        assertTrue(e.getMessage().contains("attempts"), e.getMessage());
        assertTrue(server.line().requests() > 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"CUT", "SHORT", "LONG"})
    void anObjectWhoseLengthIsALieIsNamed(Fault fault) {
        server.put("pictures", "lies/a.png", picture);
        S3Access access = S3Access.ofProcess().patient(PATIENCE);
        StoredFile file = new S3Store(access, Roots.ANYWHERE)
                .find("s3://pictures/lies/a.png")
                .get(0);
        server.line().faults(number -> fault);
        UserError e = assertThrows(UserError.class, () -> {
            try (FileStore.Reader reader = new S3Store(access, Roots.ANYWHERE).open(file)) {
                reader.read(0, ByteBuffer.allocate((int) file.size()));
            }
        });
        assertTrue(e.getMessage().startsWith("s3://pictures/lies/a.png can't be had"), e.getMessage());
        assertTrue(server.line().requests() > 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"HEAD_LENGTH", "HEAD_TAG"})
    void aHeadThatLiesOnceIsAskedForAgainAndAlwaysIsFoundOutWhenItIsRead(Fault fault) {
        server.put("pictures", "lies/b.png", picture);
        S3Access access = S3Access.ofProcess().patient(PATIENCE);
        S3Store store = new S3Store(access, Roots.ANYWHERE);
        StoredFile file = store.find("s3://pictures/lies/b.png").get(0);
        server.line().faults(number -> number == 0 ? fault : Fault.NONE);
        assertEquals(List.of(file), store.find("s3://pictures/lies/b.png"));
        assertEquals(4, server.line().requests());
        server.line().faults(number -> fault);
        StoredFile lie = store.find("s3://pictures/lies/b.png").get(0);
        assertNotEquals(file, lie);
        UserError e = assertThrows(UserError.class, () -> {
            try (FileStore.Reader reader = store.open(lie)) {
                reader.read(0, ByteBuffer.allocate((int) lie.size()));
            }
        });
        String because = fault == Fault.HEAD_TAG ? "has changed since it was listed" : " were asked for, and ";
        assertTrue(e.getMessage().startsWith("s3://pictures/lies/b.png "), e.getMessage());
        assertTrue(e.getMessage().contains(because), e.getMessage());
    }

    /** A service that lists for ever, in one page or in many, and one whose error has no end. */
    @ParameterizedTest
    @EnumSource(EndlessBucket.Kind.class)
    void aServiceWhoseAnswersHaveNoEndIsLeft(EndlessBucket.Kind kind) throws IOException {
        try (EndlessBucket endless = new EndlessBucket(0, kind)) {
            S3Access access = new S3Access(
                    Optional.of(URI.create(endless.address())), Optional.of("us-east-1"), true, Duration.ofMillis(100));
            S3Store store = new S3Store(access, Roots.ANYWHERE);
            UserError e = assertThrows(UserError.class, () -> store.below("s3://endless/data", object -> {}));
            assertTrue(e.getMessage().startsWith("The listing of s3://endless/data/ "), e.getMessage());
        }
    }

    @Test
    void patienceEndsWithTheLastAnswer() {
        StoredFile file = new StoredFile("s3://pictures/data/x", 10, 1);
        S3Store store = new S3Store(S3Access.ofProcess().patient(PATIENCE), Roots.ANYWHERE);
        server.line().faults(number -> Fault.THROTTLED);
        UserError e = assertThrows(UserError.class, () -> {
            try (FileStore.Reader reader = store.open(file)) {
                reader.read(0, ByteBuffer.allocate(10));
            }
        });
        assertTrue(e.getMessage().contains("503 SlowDown"), e.getMessage());
        assertTrue(server.line().requests() > 2);
    }
}
