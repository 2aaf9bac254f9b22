package org.simreg.worker.data.dataset.tar;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.folder.LeftOut;
import org.simreg.worker.data.dataset.folder.PathTree;

/**
 * The members of one tar: images, inner tars, and the classes that WebDataset's files beside an image give. Members
 * whose names are equal up to the first dot belong together.
 */
final class TarMembers implements TarScan.Visitor {
    private static final int LONGEST_LABEL = 1000;
    private static final int LONGEST_JSON = 1 << 20;

    /**
     * An image or an inner tar.
     *
     * @param path of the member
     * @param offset of its data
     */
    record Member(String path, long offset, long length) {}

    private final String shown;
    private final String field;
    private final LeftOut leftOut;
    private final TarOddities odd;
    private final List<Member> images = new ArrayList<>();
    private final List<Member> tars = new ArrayList<>();

    /** By what belongs together, the best source of each: {@code .cls} or a field of {@code .json}. */
    private final Map<String, String> labels = new HashMap<>();

    private final Map<String, String> texts = new HashMap<>();

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

    List<Member> images() {
        return images;
    }

    List<Member> tars() {
        return tars;
    }

    /** The class of an image by the files beside it; null if there is none. */
    String label(String path) {
        return labels.get(key(path));
    }

    /** The text beside an image, which may be its class or a caption; null if there is none. */
    String text(String path) {
        return texts.get(key(path));
    }

    /** Whether images lie in folders, or have classes or texts beside them. */
    boolean isLabelled() {
        return !labels.isEmpty()
                || !texts.isEmpty()
                || images.stream().anyMatch(image -> image.path().indexOf('/') >= 0);
    }

    /** Whether there are texts beside images. */
    boolean hasTexts() {
        return !texts.isEmpty();
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
            images.add(new Member(path, offset, entry.getSize()));
        } else if (ending.equals("tar") || name.endsWith(".tar")) {
            tars.add(new Member(path, offset, entry.getSize()));
        } else if (ending.equals("cls")) {
            labels.put(key(path), text(path, data, entry.getSize()));
        } else if (ending.equals("txt") && entry.getSize() <= LONGEST_LABEL) {
            texts.put(key(path), text(path, data, entry.getSize()));
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
        labels.putIfAbsent(key(path), value.getAsString().strip());
    }
}
