package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.dataset.Tars;

/** Lists and tars as data sets: what is read, what is left out, what is refused. */
class SourcesOpenedTest {
    private static final byte LINK = '2';
    private static final byte HARD_LINK = '1';
    private static final byte PIPE = '6';
    private static final byte DEVICE = '3';

    @TempDir
    Path folder;

    private final List<String> notes = new ArrayList<>();
    private final AtomicInteger listed = new AtomicInteger();
    private Roots roots = Roots.ANYWHERE;

    private ImageDataset open(Dataset.Builder dataset) {
        notes.clear();
        listed.set(0);
        return DatasetOpener.local(
                dataset.build(),
                new DatasetOpener.Local(folder.resolve("cache"), roots, (tars, images) -> listed.incrementAndGet()),
                notes::add);
    }

    private ImageDataset open(String... sources) {
        return open(Dataset.newBuilder().addAllPath(List.of(sources)));
    }

    private String refused(String... sources) {
        return assertThrows(UserError.class, () -> open(sources)).getMessage();
    }

    private static List<String> paths(ImageList images) {
        return IntStream.range(0, images.size()).mapToObj(images::path).toList();
    }

    private static String content(ImageList images, int id) throws IOException {
        try (SampleBytes bytes = ((SampleSource.Stored) images.source()).open(id)) {
            ByteBuffer all = ByteBuffer.allocate((int) bytes.version().getLength());
            bytes.read(all);
            return new String(all.array(), StandardCharsets.UTF_8);
        }
    }

    private String tar(Tars tar) {
        return "tar:" + tar.write(folder.resolve("a.tar"));
    }

    private String list(String... lines) throws IOException {
        return "list:" + Files.write(folder.resolve("list.txt"), List.of(lines));
    }

    private void files(String... paths) throws IOException {
        for (String path : paths) {
            Path file = folder.resolve(path);
            Files.createDirectories(file.getParent());
            Files.writeString(file, path);
        }
    }

    @Test
    void aTarIsReadAsAFolderTree() throws IOException {
        String longest = "b/" + "n".repeat(300) + ".jpg";
        String source = tar(new Tars()
                .add("d/train/b/2.png", "b2")
                .add("d/train/a/x/1.PNG", "a1")
                .add("d/val/a/3.jpg", "v3")
                .add("d/train/" + longest, "long")
                .add("d/train/a/notes.doc", "?"));
        ImageDataset found = open(source);
        assertEquals(List.of("d/train/a/x/1.PNG", "d/train/b/2.png", "d/train/" + longest), paths(found.train()));
        assertEquals(List.of("a", "b"), found.train().classNames());
        assertEquals(List.of("d/val/a/3.jpg"), paths(found.val().orElseThrow()));
        assertEquals(
                List.of("a1", "b2", "long"),
                List.of(content(found.train(), 0), content(found.train(), 1), content(found.train(), 2)));
        assertEquals("v3", content(found.val().orElseThrow(), 0));
        assertTrue(notes.toString().contains("left out: 1 .doc"), notes::toString);
    }

    @Test
    void aSecondStartReadsTheStoredIndexUntilTheTarChanges() throws IOException {
        String source = tar(new Tars().add("a/1.png", "1"));
        open(source);
        assertTrue(listed.get() > 0);
        ImageDataset again = open(source);
        assertEquals(0, listed.get());
        assertEquals("1", content(again.train(), 0));
        tar(new Tars().add("a/1.png", "one").add("a/2.png", "2"));
        String lost =
                assertThrows(UserError.class, () -> content(again.train(), 0)).getMessage();
        assertTrue(lost.contains("a.tar has changed since it was listed"), lost);
        assertEquals("one", content(open(source).train(), 0));
    }

    @Test
    void classesOfWebDatasetStandBesideTheImages() {
        Tars tar = new Tars();
        for (int i = 0; i < 4; i++) {
            tar.add("00%d.jpg".formatted(i), "x").add("00%d.cls".formatted(i), i % 2 + "\n");
            tar.add("00%d.json".formatted(i), "{\"name\": \"n%d\", \"none\": null}".formatted(i % 2));
        }
        String source = tar(tar.add("004.seg.png", "mask").add("005.jpg", "without"));
        ImageDataset found = open(source);
        assertEquals(List.of("0/000.jpg", "0/002.jpg", "1/001.jpg", "1/003.jpg"), paths(found.train()));
        assertTrue(
                notes.toString().contains("left out: 2 images without a class (004.seg.png, 005.jpg)"),
                notes::toString);
        assertTrue(notes.toString().contains("left out: 4 .json"), notes::toString);
    }

    @Test
    void aFieldOfTheJsonIsTheClassAndATextMayBe() {
        Tars tar = new Tars();
        for (int i = 0; i < 4; i++) {
            tar.add("00%d.jpg".formatted(i), "x").add("00%d.json".formatted(i), "{\"name\": \"n%d\"}".formatted(i % 2));
        }
        String source = tar(tar);
        assertFalse(open(source).train().labelled());
        ImageDataset named = open(Dataset.newBuilder().addPath(source).setLabelField("name"));
        assertEquals(List.of("n0", "n1"), named.train().classNames());
        Tars texts = new Tars();
        Tars captions = new Tars();
        for (int i = 0; i < 4; i++) {
            texts.add("%d.jpg".formatted(i), "x").add("%d.txt".formatted(i), "c" + i % 2);
            captions.add("%d.jpg".formatted(i), "x").add("%d.txt".formatted(i), "A picture of " + i);
        }
        assertEquals(List.of("c0", "c1"), open(tar(texts)).train().classNames());
        assertFalse(open(tar(captions)).train().labelled());
        assertTrue(notes.toString().contains("taken as captions"), notes::toString);
    }

    @Test
    void membersThatAreNoPlainFilesAreLeftOutWithASentenceEach() {
        String source = tar(new Tars()
                .add("a/1.png", "1")
                .odd("a/2.png", LINK, "1.png")
                .odd("a/3.png", HARD_LINK, "a/1.png")
                .odd("a/pipe.png", PIPE, "")
                .odd("a/terminal.png", DEVICE, "")
                .add("/etc/4.png", "4")
                .add("../5.png", "5")
                .add("a/../../6.png", "6"));
        assertEquals(List.of("a/1.png"), paths(open(source).train()));
        String told = notes.toString();
        assertTrue(told.contains("left out: 2 links in tars"), told);
        assertTrue(told.contains("left out: 2 members other than files"), told);
        assertTrue(told.contains("left out: 1 member with an absolute name"), told);
        assertTrue(told.contains("left out: 2 members with .. in the name"), told);
    }

    @Test
    void aDamagedTarIsRefusedByName() throws IOException {
        byte[] whole = new Tars()
                .add("a/1.png", new byte[700])
                .add("a/2.png", new byte[700])
                .bytes();
        Path file = folder.resolve("a.tar");
        Files.write(file, Arrays.copyOf(whole, 2200));
        assertTrue(
                refused("tar:" + file).contains("a.tar is cut short at its member 'a/2.png'"), refused("tar:" + file));
        Files.write(file, Arrays.copyOf(whole, 3072));
        assertTrue(
                refused("tar:" + file).contains("a.tar is cut short at its member 'a/2.png'"), refused("tar:" + file));
        byte[] joined = Arrays.copyOf(whole, 2 * whole.length);
        System.arraycopy(whole, 0, joined, whole.length, whole.length);
        Files.write(file, joined);
        assertTrue(refused("tar:" + file).contains("has more behind its end mark"), refused("tar:" + file));
        Files.writeString(file, "no tar".repeat(200));
        assertTrue(refused("tar:" + file).contains("a.tar is no tar, or is damaged"), refused("tar:" + file));
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(whole);
        }
        Files.write(file, packed.toByteArray());
        assertTrue(refused("tar:" + file).endsWith("gzip -d '" + file + "'"), refused("tar:" + file));
    }

    @Test
    void namesMustDifferAlsoBetweenSources() {
        Tars twice = new Tars();
        for (int i = 0; i < 1000; i++) {
            twice.add("a/1.png", "1");
        }
        String same = refused(tar(twice));
        assertTrue(same.contains("1000 samples have the name a/1.png"), same);
        String one = tar(new Tars().add("a/1.png", "1"));
        String other = "tar:" + new Tars().add("a/1.png", "2").write(folder.resolve("b.tar"));
        assertTrue(refused(one, other).contains("2 samples have the name a/1.png (in "), refused(one, other));
    }

    @Test
    void aHundredThousandSamplesOfOneNameAreOneSentence() throws IOException {
        Tars tar = new Tars();
        for (int i = 0; i < 100_000; i++) {
            tar.add("a/1.png", "");
        }
        String told = refused(tar(tar));
        assertTrue(told.contains("100000 samples have the name a/1.png"), told);
        assertTrue(told.length() < 300, told);
        files("a/1.png");
        Path list = Files.writeString(folder.resolve("list.txt"), "a/1.png\n".repeat(100_000));
        assertTrue(refused("list:" + list).contains("100000 samples have the name a/1.png"), refused("list:" + list));
    }

    @Test
    void patternsNameEveryShardOrRefuse() {
        for (int i = 8; i < 11; i++) {
            new Tars().add("a/%d.png".formatted(i), "1").write(folder.resolve("s-%02d.tar".formatted(i)));
        }
        assertEquals(3, open("tar:" + folder + "/s-{08..10}.tar").train().size());
        assertEquals(2, open("tar:" + folder + "/s-{08,10}.tar").train().size());
        assertEquals(2, open("tar:" + folder + "/s-0?.tar").train().size());
        assertTrue(refused("tar:" + folder + "/s-{08..11}.tar").contains("no file " + folder + "/s-11.tar, one of"));
        assertTrue(refused("tar:" + folder + "/x-*.tar").contains("No file is named like"));
        assertTrue(refused("tar:" + folder + "/s-{9..2}.tar").contains("must count up"));
    }

    @Test
    void aTarAClassIsTheFolderOfItsName() throws IOException {
        for (String name : List.of("train/n01440764", "train/n01443537", "val/n01440764", "val/n01443537")) {
            Path tar = folder.resolve(name + ".tar");
            Files.createDirectories(tar.getParent());
            String picture = name.replaceAll(".*/", "") + "_1.png";
            new Tars().add(picture, name).write(tar);
            Path file = folder.resolve("plain").resolve(name).resolve(picture);
            Files.createDirectories(file.getParent());
            Files.writeString(file, name);
        }
        ImageDataset plain = open(folder + "/plain");
        ImageDataset both = open("tar:" + folder + "/{train,val}/*.tar");
        assertEquals(plain.sha256(), both.sha256());
        assertEquals(
                plain.val().orElseThrow().sha256(), both.val().orElseThrow().sha256());
        assertTrue(notes.toString().contains("each of 4 tars is the class of its name"), notes.toString());
        assertEquals(plain.sha256(), open("tar:" + folder + "/train/*.tar").sha256());
    }

    @Test
    void shardsAndPartsAreNoClasses() {
        new Tars().add("1.png", "1").write(folder.resolve("web-008.tar"));
        new Tars().add("2.png", "2").write(folder.resolve("web-009.tar"));
        new Tars().add("3.png", "3").write(folder.resolve("web-010.tar"));
        assertFalse(open("tar:" + folder + "/web-*.tar").train().labelled());
        new Tars().add("1.png", "1").write(folder.resolve("train.tar"));
        new Tars().add("2.png", "2").write(folder.resolve("more.tar"));
        assertFalse(open("tar:" + folder + "/{train,more}.tar").train().labelled());
        assertTrue(open("tar:" + folder + "/{web-010,more}.tar").train().labelled());
    }

    @Test
    void aListNamesPathsAndClasses() throws IOException {
        files("p/1.png", "p/2.png", "q/3.png");
        ImageDataset plain = open(list("p/1.png", "", "q/3.png", "./p/2.png", "p/readme.txt"));
        assertEquals(List.of("p/1.png", "p/2.png", "q/3.png"), paths(plain.train()));
        assertEquals(List.of("p", "q"), plain.train().classNames());
        assertEquals("q/3.png", content(plain.train(), 2));
        assertTrue(notes.toString().contains("left out: 1 lines whose path isn't an image's"), notes::toString);
        ImageDataset tabs = open(list("p/1.png\tcat", "q/3.png\tdog", "p/2.png\tdog"));
        assertEquals(List.of("cat/p/1.png", "dog/p/2.png", "dog/q/3.png"), paths(tabs.train()));
        ImageDataset header = open(list("id,Label,file_name", "7,\"a, b\",p/1.png", "8,c,q/3.png"));
        assertEquals(List.of("a, b", "c"), header.train().classNames());
        ImageDataset column = open(Dataset.newBuilder()
                .addPath(list("path\tlabel\tkind", "p/1.png\tx\tk1", "q/3.png\tx\tk2"))
                .setLabelField("kind"));
        assertEquals(List.of("k1", "k2"), column.train().classNames());
    }

    @Test
    void listsOfOtherToolsAreRead() throws IOException {
        files("p/1.png", "p/x y.png", "q/3,4.png");
        List<String> expected = List.of("0/p/1.png", "1/p/x y.png", "1/q/3,4.png");
        for (List<String> lines : List.of(
                List.of("p/1.png 0", "p/x y.png 1", "q/3,4.png 1"),
                List.of("p/1.png,0", "p/x y.png,1", "\"q/3,4.png\",1"),
                List.of("p/1.png;0", "p/x y.png;1", "q/3,4.png;1"),
                List.of("Path;Label", "p/1.png;0", "p/x y.png;1", "\"q/3,4.png\";1"),
                List.of("# path, tab, class", "", "p/1.png\t0", "# more", "p/x y.png\t1", "q/3,4.png\t1"))) {
            assertEquals(
                    expected, paths(open(list(lines.toArray(new String[0]))).train()), lines::toString);
            assertTrue(notes.isEmpty(), notes::toString);
        }
        ImageDataset windows = open(list("p\\1.png\t0", "p\\x y.png\t1", "q\\3,4.png\t1"));
        assertEquals(expected, paths(windows.train()));
        assertTrue(notes.toString().contains("the backslashes in the paths of"), notes::toString);
        notes.clear();
        files("p\\1.png");
        assertEquals(List.of("p\\1.png"), paths(open(list("p\\1.png")).train()), "a name of its own on Linux");
        open(list("path,label,split", "p/1.png,0,train", "p/x y.png,1,val"));
        assertTrue(notes.toString().contains("the column split of"), notes::toString);
        assertTrue(refused(list("{\"file_name\": \"p/1.png\"}")).contains("is JSON; write a CSV"));
        assertTrue(refused(list("[", "  \"p/1.png\"", "]")).contains("is JSON; write a CSV"));
        files("[set] 1.png");
        assertEquals(List.of("[set] 1.png"), paths(open(list("[set] 1.png")).train()));
        assertTrue(refused(list("https://a.b/1.png")).contains("names https://a.b/1.png, and only files are read"));
    }

    @Test
    void aListsMistakesAreNamed() throws IOException {
        files("p/1.png");
        assertTrue(refused(list("p/1.png\tcat", "p/1.png")).contains("line 2 has 1 columns, not 2"));
        assertTrue(refused(list("p/7.png")).contains("there is no " + folder + "/p/7.png"));
        assertTrue(refused(list("readme")).contains("has no images"));
        assertTrue(refused("list:" + folder + "/none.txt").contains("There is no file"));
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        assertTrue(refused("list:" + empty).contains("is empty"));
    }

    private Dataset.Builder held(String source, int seed) {
        return Dataset.newBuilder().addPath(source).setValPart(0.25).setValSeed(seed);
    }

    @Test
    void aPartOfTrainIsHeldOutByNamesAndSeedAlone() throws IOException {
        Tars tar = new Tars();
        Tars more = new Tars().add("a/new.png", "x");
        for (int i = 0; i < 200; i++) {
            String path = "%s/%d.png".formatted(i % 2 == 0 ? "a" : "b", i);
            files("tree/" + path);
            tar.add(path, "x");
            more.add(path, "x");
        }
        String source = tar(tar);
        ImageDataset found = open(held(source, 1));
        List<String> val = paths(found.val().orElseThrow());
        List<String> all = new ArrayList<>(paths(found.train()));
        assertTrue(val.size() > 30 && val.size() < 70, val::toString);
        assertEquals(List.of("a", "b"), found.val().orElseThrow().classNames());
        assertEquals(val, paths(open(held(folder + "/tree", 1)).val().orElseThrow()));
        assertFalse(val.equals(paths(open(held(source, 2)).val().orElseThrow())));
        all.addAll(val);
        assertEquals(200, all.stream().distinct().count());
        List<String> later =
                new ArrayList<>(paths(open(held(tar(more), 1)).val().orElseThrow()));
        later.remove("a/new.png");
        assertEquals(val, later);
    }

    @Test
    void aPartIsNotHeldOutWhereItMeansNothing() {
        String both = tar(new Tars().add("train/a/1.png", "1").add("val/a/2.png", "2"));
        String why = assertThrows(UserError.class, () -> open(held(both, 1))).getMessage();
        assertTrue(why.contains("has a val already, val"), why);
        String none = tar(new Tars().add("1.png", "1").add("2.png", "2"));
        String classes =
                assertThrows(UserError.class, () -> open(held(none, 1))).getMessage();
        assertTrue(classes.contains("these have none"), classes);
    }

    @Test
    void whatLiesOutsideTheRootsIsRefusedInEverySource() throws IOException {
        files("in/1.png", "out/2.png", "in/list.txt");
        Path tar = new Tars().add("a/1.png", "1").write(folder.resolve("out/a.tar"));
        Files.createSymbolicLink(folder.resolve("in/a.tar"), tar);
        Files.writeString(folder.resolve("in/list.txt"), "1.png\n../out/2.png\n");
        roots = Roots.of(List.of(folder.resolve("in")));
        assertTrue(refused("tar:" + folder + "/in/*.tar").contains("in/a.tar is not below"));
        assertTrue(refused("list:" + folder + "/in/list.txt").contains("out/2.png, which is not below"));
        Files.writeString(folder.resolve("in/list.txt"), folder.toAbsolutePath() + "/out/2.png\n");
        assertTrue(refused("list:" + folder + "/in/list.txt").contains("out/2.png, which is not below"));
    }
}
