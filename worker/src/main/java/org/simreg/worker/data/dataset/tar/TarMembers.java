package org.simreg.worker.data.dataset.tar;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.folder.LeftOut;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.dataset.located.IntColumn;
import org.simreg.worker.data.dataset.located.LongColumn;
import org.simreg.worker.data.dataset.located.TextColumn;
import org.simreg.worker.data.dataset.located.TextNumbers;

/**
 * The members of one tar: images, inner tars, and the classes that WebDataset's files beside an image give. Members
 * whose names are equal up to the first dot belong together.
 */
final class TarMembers implements TarScan.Visitor {
    private static final int LONGEST_LABEL = 1000;
    private static final int LONGEST_JSON = 1 << 20;

    /**
     * An inner tar.
     *
     * @param path of the member
     * @param offset of its data
     */
    record Member(String path, long offset, long length) {}

    private final String shown;
    private final String field;
    private final LeftOut leftOut;
    private final TarOddities odd;
    private final TextColumn paths = new TextColumn();
    private final LongColumn offsets = new LongColumn();
    private final IntColumn lengths = new IntColumn();
    private final List<Member> tars = new ArrayList<>();

    /** What belongs together, and for each the number of its class and of its text, -1 for none. */
    private final TextNumbers keys = new TextNumbers();

    private final IntColumn labels = new IntColumn();
    private final IntColumn texts = new IntColumn();
    private final TextNumbers words = new TextNumbers();
    private boolean labelled;
    private boolean texted;

    /**
     * @param shown the tar's name, for messages
     * @param field of {@code .json} members that holds the class; empty: they are passed over
     * @param leftOut told about members that are no images
     * @param odd told about members that are no plain files
     */
    TarMembers(String shown, String field, LeftOut leftOut, TarOddities odd) {
        this.shown = shown;
        this.field = field;
        this.leftOut = leftOut;
        this.odd = odd;
    }

    /** How many images. */
    int images() {
        return paths.size();
    }

    String path(int image) {
        return paths.get(image);
    }

    long offset(int image) {
        return offsets.get(image);
    }

    int length(int image) {
        return lengths.get(image);
    }

    List<Member> tars() {
        return tars;
    }

    /** The class of an image by the files beside it; null if there is none. */
    String label(String path) {
        return word(labels, path);
    }

    /** The text beside an image, which may be its class or a caption; null if there is none. */
    String text(String path) {
        return word(texts, path);
    }

    private String word(IntColumn column, String path) {
        int key = keys.find(key(path));
        return key < 0 || column.get(key) < 0 ? null : words.text(column.get(key));
    }

    /** The row of what belongs together with a member. */
    private int row(String path) {
        int key = keys.of(key(path));
        if (key == labels.size()) {
            labels.add(-1);
            texts.add(-1);
        }
        return key;
    }

    /** Whether images lie in folders, or have classes or texts beside them. */
    boolean isLabelled() {
        return labelled
                || texted
                || IntStream.range(0, images()).anyMatch(image -> path(image).indexOf('/') >= 0);
    }

    /** Whether there are texts beside images. */
    boolean hasTexts() {
        return texted;
    }

    private static String key(String path) {
        int dot = path.indexOf('.', path.lastIndexOf('/') + 1);
        return dot < 0 ? path : path.substring(0, dot);
    }

    @Override
    public void member(TarArchiveEntry entry, long offset, TarArchiveInputStream data) throws IOException {
        String path = plain(entry.getName());
        if (entry.isDirectory() || odd.take(entry, path, shown)) {
            return;
        }
        String name = path.substring(path.lastIndexOf('/') + 1);
        int dot = name.indexOf('.');
        String ending = dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
        if (PathTree.isImage(path)) {
            if (entry.getSize() > Integer.MAX_VALUE) {
                throw new UserError("%s: the member %s has %d bytes, more than an image may have; take it out"
                        .formatted(shown, path, entry.getSize()));
            }
            paths.add(path);
            offsets.add(offset);
            lengths.add((int) entry.getSize());
        } else if (ending.equals("tar") || name.endsWith(".tar")) {
            tars.add(new Member(path, offset, entry.getSize()));
        } else if (ending.equals("cls")) {
            labels.set(row(path), words.of(text(path, data, entry.getSize())));
            labelled = true;
        } else if (ending.equals("txt") && entry.getSize() <= LONGEST_LABEL) {
            texts.set(row(path), words.of(text(path, data, entry.getSize())));
            texted = true;
        } else if (ending.equals("json") && !field.isEmpty()) {
            json(path, data, entry.getSize());
        } else {
            leftOut.file("", name, true);
        }
    }

    private static String plain(String name) {
        String path = name;
        while (path.startsWith("./")) {
            path = path.substring(2);
        }
        return path.contains("//") && !path.startsWith("/") ? path.replaceAll("/+", "/") : path;
    }

    private String text(String path, TarArchiveInputStream data, long size) throws IOException {
        if (size > LONGEST_LABEL) {
            throw new UserError(
                    "%s: the member %s has %d bytes, too many for a class; mend it".formatted(shown, path, size));
        }
        return FileNames.text(data.readNBytes((int) size)).strip();
    }

    private void json(String path, TarArchiveInputStream data, long size) throws IOException {
        if (size > LONGEST_JSON) {
            throw new UserError("%s: the member %s has %d bytes, more than are read; leave --label-field out"
                    .formatted(shown, path, size));
        }
        String text = new String(data.readNBytes((int) size), StandardCharsets.UTF_8);
        JsonElement value;
        try {
            value = JsonParser.parseString(text).getAsJsonObject().get(field);
        } catch (JsonParseException | IllegalStateException e) {
            throw new UserError(
                    "%s: the member %s is no JSON object (%s); mend it".formatted(shown, path, e.getMessage()), e);
        }
        if (value == null || value.isJsonNull()) {
            return;
        }
        if (!value.isJsonPrimitive()) {
            throw new UserError(
                    "%s: %s in the member %s is neither a text nor a number; name another field by --label-field"
                            .formatted(shown, field, path));
        }
        int row = row(path);
        if (labels.get(row) < 0) {
            labels.set(row, words.of(value.getAsString().strip()));
            labelled = true;
        }
    }
}
