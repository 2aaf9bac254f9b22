package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.bench.bucket.FaultyLine.Fault;
import org.simreg.bench.bucket.LoopbackS3;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.image.FileBuffer;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.pack.PackSettings;
import org.simreg.worker.data.pack.ShardPacker;
import org.simreg.worker.data.storage.AnyStore;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.store.FileFolder;
import org.simreg.worker.data.store.LocalFolder;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/** Data sets in a bucket of a real server, over a line that throttles, cuts, lies and drops. */
@Timeout(120)
class S3SourcesTest {
    private static LoopbackS3 server;

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void aBucket() throws IOException {
        server = new LoopbackS3();
        server.use();
        data = SmallJob.pictures(folder.resolve("data"));
        server.bucket("pictures", folder);
        PackSettings shards = new PackSettings(60_000, Optional.empty(), Optional.empty(), Optional.empty());
        new ShardPacker(open(data.toString(), Optional.empty()), shards, new LocalFolder(folder.resolve("shards")))
                .pack(1, ProgressMonitor.SILENT);
        server.bucket("packed", folder.resolve("shards"));
    }

    @AfterAll
    static void end() {
        server.close();
    }

    @AfterEach
    void theLineIsGood() {
        server.line().mend();
    }

    private static ImageDataset open(String source, Optional<SampleCache> cache) {
        return open(source, Roots.ANYWHERE, cache, new ArrayList<>());
    }

    private static ImageDataset open(String source, Roots roots, Optional<SampleCache> cache, List<String> notices) {
        return open(List.of(source), roots, cache, notices);
    }

    private static ImageDataset open(
            List<String> sources, Roots roots, Optional<SampleCache> cache, List<String> notices) {
        try {
            Path index = Files.createTempDirectory(folder, "index");
            return DatasetOpener.local(
                    Dataset.newBuilder().addAllPath(sources).build(),
                    new DatasetOpener.Local(index, roots, ImageDataset.IndexProgress.SILENT, cache),
                    notices::add);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(ImageList images, int id) throws IOException {
        try (SampleBytes bytes = ((SampleSource.Stored) images.source()).open(id)) {
            ByteBuffer whole = ByteBuffer.allocate((int) bytes.version().getLength());
            bytes.read(whole);
            assertFalse(whole.hasRemaining());
            return whole.array();
        }
    }

    private static void assertSame(ImageList expected, ImageList found) throws IOException {
        assertEquals(expected.sha256(), found.sha256());
        assertEquals(expected.classNames(), found.classNames());
        for (int id = 0; id < expected.size(); id++) {
            assertEquals(expected.bytes(id), found.bytes(id));
            assertArrayEquals(bytes(expected, id), bytes(found, id));
        }
    }

    private static void assertSame(String source) throws IOException {
        ImageDataset expected = open(data.toString(), Optional.empty());
        ImageDataset found = open(source, Optional.empty());
        assertSame(expected.train(), found.train());
        assertSame(expected.val().orElseThrow(), found.val().orElseThrow());
    }

    @Test
    void objectsAndShardsAreTheSamplesOfTheFolder() throws IOException {
        assertSame("s3://pictures/data");
        assertSame("s3://pictures/data/");
        assertSame("tar:s3://packed/*.tar");
    }

    @Test
    void aLineThatThrottlesCutsLiesAndDropsChangesNothing() throws IOException {
        server.line().harm();
        assertSame("s3://pictures/data");
        assertSame("tar:s3://packed/*.tar");
        assertTrue(server.line().requests() > 150);
    }

    @Test
    void theLoaderReadsAheadThroughTheCacheAndASecondRunAsksForNothing() throws IOException {
        SampleCache cache = new SampleCache(folder.resolve("cache"), 100_000_000);
        ImageList images = open("s3://pictures/data", Optional.of(cache)).train();
        byte[] expected = views(open(data.toString(), Optional.empty()).train());
        server.line().faults(number -> number % 4 == 0 ? Fault.THROTTLED : Fault.NONE);
        assertArrayEquals(expected, views(images));
        ImageList again = open("s3://pictures/data", Optional.of(cache)).train();
        server.line().faults(number -> Fault.NONE);
        assertArrayEquals(expected, views(again));
        assertEquals(0, server.line().requests());
    }

    private static byte[] views(ImageList images) {
        int[] ids = IntStream.range(0, images.size()).toArray();
        BatchLoader.Request request =
                new BatchLoader.Request(0, ids, View.each(new ViewRecipe.RandomView(32, 0.2, true)));
        try (BatchLoader loader = new BatchLoader(images, new BatchLoader.Settings(1, 2, 7), System.err::println);
                BatchStream queue = loader.batches(List.of(request).iterator());
                Batch batch = queue.next()) {
            ByteBuffer all = batch.views(0).duplicate();
            byte[] bytes = new byte[all.remaining()];
            all.get(bytes);
            return bytes;
        }
    }

    @Test
    void anObjectThatChangedOrWentIsNamed() throws IOException {
        server.put("pictures", "more/a.png", Files.readAllBytes(picture()));
        server.put("pictures", "more/b.png", Files.readAllBytes(picture()));
        ImageList images = open("s3://pictures/more", Optional.empty()).train();
        server.line().faults(number -> Fault.NONE);
        bytes(images, 0);
        assertEquals(1, server.line().requests());
        server.put("pictures", "more/a.png", new byte[] {1, 2, 3});
        server.remove("pictures", "more/b.png");
        String changed = assertThrows(UserError.class, () -> bytes(images, 0)).getMessage();
        assertTrue(changed.startsWith("s3://pictures/more/a.png has changed since it was listed"), changed);
        String gone = assertThrows(UserError.class, () -> images.source().read(1, new FileBuffer(), () -> true))
                .getMessage();
        assertTrue(gone.startsWith("s3://pictures/more/b.png can't be had"), gone);
        assertTrue(gone.contains("there is no such object"), gone);
    }

    private static Path picture() throws IOException {
        try (var files = Files.walk(data)) {
            return files.filter(Files::isRegularFile).findFirst().orElseThrow();
        }
    }

    @Test
    void whatCannotBeIsSaidInASentence() {
        assertRefused("s3://nothing-here/data", "there is no such bucket");
        assertRefused("s3://pictures/absent", "has no images");
        assertRefused("s3://packed", "has no images and .tar files; name them by 'tar:s3://packed/*.tar'");
        assertRefused("s3:///data", "names no bucket");
        assertRefused("tar:s3://packed/none-*.tar", "No object is named like");
        assertRefused("tar:s3://packed/train-{000000..000099}.tar", "there is no such object");
        assertRefused("tar:s3://pictures/data/*/x.tar", "wildcards are for the object's name");
        assertRefused("list:s3://pictures/list.txt", "there is no such object");
        refuseList("data/none.png", "names 1 objects that aren't there (s3://pictures/lists/data/none.png)");
        refuseList("../../../x.png", "leads out of its bucket");
        refuseList("/data/x.png", "write paths from its own folder on");
        refuseList("s3://nothing-here/x.png", "there is no such bucket");
        refuseList("", "is empty");
        System.setProperty("aws.secretAccessKey", "wrong");
        try {
            assertRefused("s3://pictures/data", "access is denied");
        } finally {
            System.setProperty("aws.secretAccessKey", LoopbackS3.SECRET);
        }
    }

    @Test
    void shardsArePackedIntoABucketWithTheSameBytesAndGoOn() throws IOException {
        Path more = folder.resolve("more/train/a");
        Files.createDirectories(more);
        Files.copy(picture(), more.resolve("whole.png"));
        Files.write(more.resolve("cut.png"), new byte[50]);
        server.bucket("target", folder.resolve("none"));
        List<String> sources = List.of(data.toString(), folder.resolve("more").toString());
        Path local = folder.resolve("packed-here");
        pack(sources, AnyStore.folder(local.toString()));
        server.line().harm();
        pack(sources, AnyStore.folder("s3://target/some/shards"));
        server.line().faults(number -> Fault.NONE);
        assertCopied(local);
        server.remove("target", "some/shards/train-000001.tar");
        server.remove("target", "some/shards/index.json");
        server.put("target", "some/shards/train-000000.tar", new byte[] {1});
        pack(sources, AnyStore.folder("s3://target/some/shards/"));
        assertArrayEquals(new byte[] {1}, server.bytes("target", "some/shards/train-000000.tar"));
        server.put("target", "some/shards/train-000000.tar", Files.readAllBytes(local.resolve("train-000000.tar")));
        server.remove("target", "some/shards/index.json");
        pack(sources, AnyStore.folder("s3://target/some/shards"));
        assertCopied(local);
        assertNotPacked(List.of(data.toString()), "s3://target/some/shards", "holds shards of other data or settings");
        assertNotPacked(sources, "s3://target/some", "holds other files");
        assertNotPacked(sources, "s3://nothing-here/shards", "there is no such bucket");
    }

    @Test
    void aLargeFileGoesIntoABucketInParts() throws IOException {
        server.bucket("large", folder.resolve("none"));
        byte[] bytes = new byte[(1 << 24) + 1000];
        bytes[1 << 24] = 1;
        FileFolder large = AnyStore.folder("s3://large");
        server.line().faults(number -> number == 1 ? Fault.DROPPED : Fault.NONE);
        FileFolder.Written written = large.write("a.tar", channel -> AtomicFile.put(channel, ByteBuffer.wrap(bytes)));
        assertEquals(new FileFolder.Written(bytes.length, Sha256.of(bytes)), written);
        assertArrayEquals(bytes, server.bytes("large", "a.tar"));
        assertEquals(Optional.of(written), AnyStore.folder("s3://large/").find("a.tar"));
    }

    private static void pack(List<String> sources, FileFolder into) {
        PackSettings settings = new PackSettings(60_000, Optional.empty(), Optional.empty(), Optional.empty());
        new ShardPacker(open(sources, Roots.ANYWHERE, Optional.empty(), new ArrayList<>()), settings, into)
                .pack(2, ProgressMonitor.SILENT);
    }

    private static void assertNotPacked(List<String> sources, String into, String because) {
        UserError e = assertThrows(UserError.class, () -> pack(sources, AnyStore.folder(into)));
        assertTrue(e.getMessage().contains(because), e.getMessage());
    }

    /** Every file of the folder is an object with its bytes. */
    private static void assertCopied(Path local) throws IOException {
        try (Stream<Path> files = Files.list(local)) {
            for (Path file : files.toList()) {
                assertArrayEquals(
                        Files.readAllBytes(file), server.bytes("target", "some/shards/" + file.getFileName()));
            }
        }
        assertTrue(Files.exists(local.resolve("train-000001.tar")), "several shards");
        assertTrue(Files.readString(local.resolve("broken.txt")).contains("cut.png"));
    }

    private static void refuseList(String text, String because) {
        server.put("pictures", "lists/wrong.txt", text.getBytes(StandardCharsets.UTF_8));
        assertRefused("list:s3://pictures/lists/wrong.txt", because);
    }

    @Test
    void aListNamesObjectsBesideItOrAnywhere() throws IOException {
        List<String> beside = new ArrayList<>();
        try (Stream<Path> files = Files.walk(data)) {
            files.filter(Files::isRegularFile)
                    .forEach(file -> beside.add(data.relativize(file).toString()));
        }
        put("data/list.txt", beside, "");
        assertSame("list:s3://pictures/data/list.txt");
        put("lists/list.txt", beside, "../data/");
        assertSame("list:s3://pictures/lists/list.txt");
        put("lists/whole.txt", beside, "s3://pictures/data/");
        assertSame("list:s3://pictures/lists/whole.txt");
        Roots roots = Roots.parse(List.of("s3://pictures/lists"));
        UserError e = assertThrows(
                UserError.class,
                () -> open("list:s3://pictures/lists/list.txt", roots, Optional.empty(), new ArrayList<>()));
        assertTrue(e.getMessage().contains("which is not below s3://pictures/lists/ (--root)"), e.getMessage());
    }

    private static void put(String key, List<String> paths, String before) {
        String text = paths.stream().map(path -> before + path).collect(Collectors.joining("\n"));
        server.put("pictures", key, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertRefused(String source, String because) {
        UserError e = assertThrows(UserError.class, () -> open(source, Optional.empty()));
        assertTrue(e.getMessage().contains(because), e.getMessage());
    }

    @Test
    void rootsHoldForBuckets() throws IOException {
        Roots roots = Roots.parse(List.of("s3://pictures/data"));
        assertEquals(
                open(data.toString(), Optional.empty()).sha256(),
                open("s3://pictures/data", roots, Optional.empty(), new ArrayList<>())
                        .sha256());
        for (String source : List.of("s3://pictures", "s3://pictures/data-2", "tar:s3://packed/*.tar")) {
            UserError e = assertThrows(UserError.class, () -> open(source, roots, Optional.empty(), new ArrayList<>()));
            assertTrue(e.getMessage().contains("is not below s3://pictures/data/ (--root)"), e.getMessage());
        }
    }
}
