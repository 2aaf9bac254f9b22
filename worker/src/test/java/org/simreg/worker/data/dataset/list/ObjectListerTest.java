package org.simreg.worker.data.dataset.list;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.simreg.worker.data.dataset.HeapUse;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.store.ObjectStore;
import org.simreg.worker.data.store.StoredFile;

/** The objects of a bucket on their way from a listing to an index. */
class ObjectListerTest {
    private static final String FOLDER = "s3://bucket/data/";
    private static final int MANY = 200_000;

    /** A store that lists what it is told. */
    private record Listed(Iterable<StoredFile> objects) implements ObjectStore {
        @Override
        public void below(String folder, Consumer<StoredFile> taker) {
            objects.forEach(taker);
        }

        @Override
        public void in(List<String> folders, Consumer<StoredFile> taker) {
            objects.forEach(taker);
        }

        @Override
        public boolean isThere(String place) {
            return true;
        }

        @Override
        public List<StoredFile> find(String pattern) {
            return List.of();
        }

        @Override
        public Reader open(StoredFile file, BooleanSupplier wanted) {
            throw new AssertionError("a listing reads nothing");
        }

        @Override
        public int threads() {
            return 1;
        }

        @Override
        public int cheapBytes() {
            return 1;
        }
    }

    private static ObjectLister lister(Iterable<StoredFile> objects) {
        return new ObjectLister(FOLDER, new Listed(objects), ImageDataset.IndexProgress.SILENT);
    }

    private static StoredFile object(String path, int size, int changed) {
        return new StoredFile(FOLDER + path, size, changed);
    }

    @Test
    void theOrderOfTheListingChangesNothingAndAnObjectThatChangedDoes() {
        List<StoredFile> objects = new ArrayList<>(List.of(
                object("b/2.png", 5, 1), object("a/1.png", 6, 2), object("a/ä.png", 7, 3), object("a/Z.png", 8, 4)));
        List<StoredFile> inputs = lister(objects).inputs();
        Collections.shuffle(objects, new Random(1));
        assertEquals(inputs, lister(objects).inputs());
        objects.set(0, new StoredFile(objects.get(0).path(), objects.get(0).size(), 9));
        assertNotEquals(inputs, lister(objects).inputs());
    }

    @Test
    void whatIsNoImageIsLeftOut() {
        List<StoredFile> objects = Stream.of(
                        "a/1.png", "a/", "a/../2.png", "a//3.png", "b/4.png", "b/5.csv", "/6.png", "b/./7.png")
                .map(path -> object(path, 1, 1))
                .toList();
        ObjectLister lister = lister(objects);
        SampleEntries entries = new SampleEntries("the bucket");
        lister.list(lister.inputs(), entries, ImageDataset.IndexProgress.SILENT);
        assertEquals(2, entries.size());
    }

    /** As objects of the language they would take 150 and their paths twice. */
    @Test
    void anObjectTakesItsPathAndSomeTwentyBytes() {
        Iterable<StoredFile> objects = () -> IntStream.range(0, MANY)
                .mapToObj(i -> object("n%04d/n%04d_%08d.JPEG".formatted(i % 1000, i % 1000, i), i, i))
                .iterator();
        ObjectLister lister = lister(objects);
        long each = HeapUse.of(lister::inputs) / MANY;
        int path = "n0000/n0000_00000000.JPEG".length();
        assertTrue(each < path + 60, each + " bytes an object"); // columns grow by half
        SampleEntries entries = new SampleEntries("the bucket");
        lister.list(lister.inputs(), entries, ImageDataset.IndexProgress.SILENT);
        assertEquals(MANY, entries.size());
    }
}
