package org.simreg.worker.data.dataset;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.Sha256;

/**
 * The names and sizes of a list's images at one time, as a run's checkpoint keeps them to tell what has changed since.
 */
public final class ImageManifest {
    private final IntFunction<String> names;
    private final long[] sizes;

    private ImageManifest(IntFunction<String> names, long[] sizes) {
        this.names = names;
        this.sizes = sizes;
    }

    /**
     * The images as they are now; looks at every file, several at once. It takes eight bytes an image: the list has the
     * names, and a text of each would take a hundred.
     */
    public static ImageManifest of(ImageList images) {
        long[] sizes = IntStream.range(0, images.size())
                .parallel()
                .mapToLong(images::bytes)
                .toArray();
        return new ImageManifest(
                id -> images.labelled() ? images.className(id) + "/" + images.name(id) : images.name(id), sizes);
    }

    /** How many images. */
    public int size() {
        return sizes.length;
    }

    private String name(int id) {
        return names.apply(id);
    }

    private Iterable<String> names() {
        return IntStream.range(0, size()).mapToObj(names)::iterator;
    }

    /** SHA-256 over names and sizes in the order of ids, hexadecimal. */
    public String sha256() {
        Sha256 sha = new Sha256();
        for (int id = 0; id < size(); id++) {
            sha.text(name(id)).text(String.valueOf(sizes[id]));
        }
        return sha.hex();
    }

    /** The whole as text: compressed, in Base64. Some 8 bytes an image. */
    public String packed() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes))) {
            out.writeInt(size());
            String before = "";
            for (String name : names()) {
                int shared = shared(before, name);
                byte[] rest = name.substring(shared).getBytes(StandardCharsets.UTF_8);
                out.writeShort(shared);
                out.writeShort(rest.length);
                out.write(rest);
                before = name;
            }
            for (long size : sizes) {
                out.writeLong(size);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    /** Characters that both begin with, without half of one. */
    private static int shared(String one, String other) {
        int mismatch = Arrays.mismatch(one.toCharArray(), other.toCharArray());
        int shared = mismatch < 0 ? one.length() : mismatch;
        return shared > 0 && Character.isHighSurrogate(one.charAt(shared - 1)) ? shared - 1 : shared;
    }

    /**
     * Reads what {@link #packed} gave.
     *
     * @throws IOException if it is damaged
     */
    public static ImageManifest unpacked(String packed) throws IOException {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(packed);
        } catch (IllegalArgumentException e) {
            throw new IOException(e);
        }
        try (DataInputStream in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(bytes)))) {
            String[] names = new String[in.readInt()];
            String before = "";
            for (int id = 0; id < names.length; id++) {
                int shared = in.readUnsignedShort();
                byte[] rest = in.readNBytes(in.readUnsignedShort());
                before = before.substring(0, shared) + new String(rest, StandardCharsets.UTF_8);
                names[id] = before;
            }
            long[] sizes = new long[names.length];
            for (int id = 0; id < sizes.length; id++) {
                sizes[id] = in.readLong();
            }
            return new ImageManifest(id -> names[id], sizes);
        } catch (StringIndexOutOfBoundsException | NegativeArraySizeException e) {
            throw new IOException(e);
        }
    }

    /** What is otherwise in a later manifest, in words: "3 added (a/1.jpg, ..), 1 gone (b/2.jpg)"; empty if nothing. */
    public String changes(ImageManifest later) {
        Map<String, Long> before = byName();
        Map<String, Long> after = later.byName();
        List<String> gone = new ArrayList<>();
        List<String> resized = new ArrayList<>();
        for (String name : names()) {
            if (!after.containsKey(name)) {
                gone.add(name);
            } else if (!after.get(name).equals(before.get(name))) {
                resized.add(name);
            }
        }
        List<String> added = new ArrayList<>();
        later.names().forEach(name -> {
            if (!before.containsKey(name)) {
                added.add(name);
            }
        });
        List<String> renamed = renamed(gone, added, before, after);
        List<String> all = new ArrayList<>();
        tell(all, added, "added");
        tell(all, gone, "gone");
        tell(all, renamed, "renamed");
        tell(all, resized, "replaced");
        return String.join(", ", all);
    }

    private Map<String, Long> byName() {
        Map<String, Long> all = new HashMap<>();
        for (int id = 0; id < size(); id++) {
            all.put(name(id), sizes[id]);
        }
        return all;
    }

    /** Takes out what has gone under one name and come under another, by size. */
    private static List<String> renamed(
            List<String> gone, List<String> added, Map<String, Long> before, Map<String, Long> after) {
        Map<Long, List<String>> sizes = new HashMap<>();
        added.forEach(name -> sizes.computeIfAbsent(after.get(name), size -> new ArrayList<>())
                .add(name));
        List<String> renamed = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (String name : gone) {
            List<String> candidates = sizes.getOrDefault(before.get(name), List.of());
            if (!candidates.isEmpty()) {
                String now = candidates.remove(0);
                taken.add(name);
                taken.add(now);
                renamed.add(name + " to " + now);
            }
        }
        gone.removeIf(taken::contains);
        added.removeIf(taken::contains);
        return renamed;
    }

    private static void tell(List<String> all, List<String> names, String how) {
        if (!names.isEmpty()) {
            int shown = Math.min(3, names.size());
            String some = FileNames.shown(String.join(", ", names.subList(0, shown)));
            all.add("%d %s (%s%s)".formatted(names.size(), how, some, names.size() > shown ? ", .." : ""));
        }
    }
}
