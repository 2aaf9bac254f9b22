package org.simreg.worker.data.dataset.located;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.LocatedIndex;
import org.simreg.worker.data.store.StoredFile;

/** Images in columns, compared with a list of objects that the library sorts. */
class SampleRowsTest {
    private static final String[] LETTERS = {"a", "b", "z", "0", "-", "ä", "é", "\u4e2d", "\ud83d\ude00", "_"};

    private final Random random = new Random(3);

    private record Row(String label, String name, long offset) {}

    private String text(int most) {
        StringBuilder text = new StringBuilder();
        for (int i = 1 + random.nextInt(most); i > 0; i--) {
            text.append(LETTERS[random.nextInt(LETTERS.length)]);
        }
        return text.toString();
    }

    @Test
    void aPartHasItsImagesInTheByteOrderOfClassAndName() {
        List<Row> rows = new ArrayList<>();
        Set<String> seen = new LinkedHashSet<>();
        for (int i = 0; i < 3000; i++) {
            Row row = new Row(text(2), text(4), i);
            if (seen.add(row.label + "/" + row.name)) {
                rows.add(row);
            }
        }
        PartBuilder built = new PartBuilder("train");
        List<StoredFile> files = List.of(new StoredFile("a.tar", 1, 2), new StoredFile("b.tar", 3, 4));
        rows.forEach(row ->
                built.add(row.label, row.name, files.get((int) row.offset % 2), row.offset, (int) row.offset + 1));
        assertTrue(built.twice().isEmpty());
        LocatedIndex.Part part = built.build();
        rows.sort(Comparator.comparing((Row row) -> FileNames.bytes(row.label), Arrays::compareUnsigned)
                .thenComparing(row -> FileNames.bytes(row.name), Arrays::compareUnsigned));
        List<Row> got = new ArrayList<>();
        int image = 0;
        for (int label = 0; label < part.names().classes().size(); label++) {
            for (; image < part.names().classEnd(label); image++) {
                long offset = part.extents().offset()[image];
                got.add(new Row(part.names().classes().get(label), part.names().name(image), offset));
                assertEquals(offset + 1, part.extents().length()[image]);
                assertEquals(
                        files.get((int) offset % 2),
                        part.extents().files().get(part.extents().file()[image]));
            }
        }
        assertEquals(rows, got);
    }

    @Test
    void imagesOfOneNameAreCountedWithTheirFiles() {
        PartBuilder built = new PartBuilder("");
        for (int i = 0; i < 5; i++) {
            built.add("cat", "1.jpg", new StoredFile(i + ".tar", 1, 1), 0, 1);
            built.add("cat", i + 5 + ".jpg", new StoredFile(i + ".tar", 1, 1), 0, 1);
        }
        assertEquals(
                "5 samples have the name cat/1.jpg (in 0.tar and 1.tar)",
                built.twice().orElseThrow());
    }

    @Test
    void aTextHasOneNumberHoweverManyThereAre() {
        TextNumbers numbers = new TextNumbers();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            String text = text(3);
            int known = texts.indexOf(text);
            assertEquals(known, numbers.find(text), text);
            if (known < 0) {
                texts.add(text);
                known = texts.size() - 1;
            }
            assertEquals(known, numbers.of(text), text);
        }
        assertEquals(texts.size(), numbers.size());
        for (int i = 0; i < texts.size(); i++) {
            assertEquals(texts.get(i), numbers.text(i));
        }
    }
}
