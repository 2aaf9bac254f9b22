package org.simreg.worker.data.storage.remote;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.simreg.proto.DatasetListing;
import org.simreg.proto.DatasetPart;
import org.simreg.proto.DatasetSummary;
import org.simreg.proto.Split;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.ClassSelection;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * The messages that describe a data set, a summary and then the names: to write and to read. Who
 * gets them has the same ids and labels without seeing the storage.
 */
public final class DatasetMessages {
    private DatasetMessages() {}

    /** All messages about a data set, made while they are taken; each below 1 MiB. */
    public static Iterator<DatasetPart> of(ImageDataset splits) {
        Stream<DatasetListing> names =
                parts(splits).entrySet().stream().flatMap(part -> listings(part.getKey(), part.getValue()));
        return Stream.concat(
                        Stream.of(summary(splits)),
                        names.map(part ->
                                DatasetPart.newBuilder().setListing(part).build()))
                .iterator();
    }

    private static Map<Split, ImageList> parts(ImageDataset splits) {
        Map<Split, ImageList> parts = new EnumMap<>(Split.class);
        parts.put(Split.TRAIN, splits.train());
        splits.val().ifPresent(val -> parts.put(Split.VAL, val));
        return parts;
    }

    /** The first message: digests of everything. */
    public static DatasetPart summary(ImageDataset splits) {
        DatasetSummary.Builder summary = DatasetSummary.newBuilder();
        parts(splits)
                .forEach((split, images) -> summary.addPartsBuilder()
                        .setSplit(split)
                        .setFolder(images.folder())
                        .setLabelled(images.labelled())
                        .setListed(images.placement() == SampleIndex.Placement.LIST)
                        .setImages(images.size())
                        .setSha256(images.sha256()));
        return DatasetPart.newBuilder()
                .setSummary(summary.setNoVal(splits.noVal()))
                .build();
    }

    private static Stream<DatasetListing> listings(Split split, ImageList images) {
        return Stream.iterate(new Page(split, images, 0), page -> page.first() < images.size(), Page::next)
                .map(Page::listing);
    }

    /**
     * Images of a part from an id on, as many as go in one message.
     *
     * @param first id of the first
     */
    private record Page(Split split, ImageList images, int first) {
        private static final int MOST_BYTES = 500_000;

        Page next() {
            return new Page(split, images, end());
        }

        private int end() {
            int bytes = 0;
            int id = first;
            while (id < images.size() && bytes < MOST_BYTES) {
                // A name of the file system is at most some thousand bytes.
                bytes += images.name(id).length() + images.className(id).length() + 8;
                id++;
            }
            return id;
        }

        DatasetListing listing() {
            DatasetListing.Builder listing = DatasetListing.newBuilder().setSplit(split);
            DatasetListing.ClassFolder.Builder folder = null;
            int end = end();
            for (int id = first; id < end; id++) {
                String name = images.className(id);
                if (folder == null || !folder.getName().equals(name)) {
                    folder = listing.addClassesBuilder().setName(name);
                }
                folder.addImages(images.name(id)).addSizes(images.bytes(id));
            }
            return listing.build();
        }
    }

    /**
     * Builds a data set from its messages.
     *
     * @param root the data set's folder or sources, on storage that need not be seen
     * @param source gives what reads the samples of a part
     * @throws RetriedCalls.Damaged if the images are not those of the summary
     */
    static ImageDataset splits(
            Iterator<DatasetPart> parts, String root, Function<Split, Function<ImageList, SampleSource>> source)
            throws RetriedCalls.Damaged {
        DatasetSummary summary = first(parts);
        Map<Split, Names> names = new EnumMap<>(Split.class);
        summary.getPartsList().forEach(part -> names.put(part.getSplit(), new Names()));
        while (parts.hasNext()) {
            DatasetListing listing = parts.next().getListing();
            Names part = names.get(listing.getSplit());
            if (part == null) {
                throw new RetriedCalls.Damaged("a listing is of a part that the summary doesn't have");
            }
            part.add(listing);
        }
        Map<Split, ImageList> images = new EnumMap<>(Split.class);
        Optional<List<String>> trainClasses = summary.getPartsList().stream()
                .filter(part -> part.getSplit() == Split.TRAIN && part.getLabelled())
                .findFirst()
                .map(part -> ClassSelection.classes(names.get(Split.TRAIN).classes));
        for (DatasetSummary.Part part : summary.getPartsList()) {
            Split split = part.getSplit();
            SampleIndex.FolderPart folder = names.get(split).part(part);
            ImageList found = new ImageList(
                    root,
                    folder,
                    trainClasses.orElse(folder.classes()),
                    source.apply(split),
                    names.get(split).sizes());
            if (!found.sha256().equals(part.getSha256())) {
                throw new RetriedCalls.Damaged("the names of %d images in %s are not the %d of the summary"
                        .formatted(found.size(), split, part.getImages()));
            }
            images.put(split, found);
        }
        return new ImageDataset(
                images.get(Split.TRAIN), Optional.ofNullable(images.get(Split.VAL)), summary.getNoVal());
    }

    /**
     * @throws RetriedCalls.Damaged if the summary is missing, or doesn't say where the train images
     *     are
     */
    static DatasetSummary first(Iterator<DatasetPart> parts) throws RetriedCalls.Damaged {
        DatasetSummary summary = parts.hasNext() ? parts.next().getSummary() : DatasetSummary.getDefaultInstance();
        if (summary.getPartsList().stream().noneMatch(part -> part.getSplit() == Split.TRAIN)) {
            throw new RetriedCalls.Damaged("the summary of the data set has no train images");
        }
        return summary;
    }

    /** The names of a part's images, collected from its listings. */
    private static final class Names {
        private final List<String> classes = new ArrayList<>();
        private final List<Integer> classEnds = new ArrayList<>();
        private final List<Integer> nameEnds = new ArrayList<>();
        private final List<Long> sizes = new ArrayList<>();
        private final ByteArrayOutputStream names = new ByteArrayOutputStream();

        void add(DatasetListing listing) {
            for (DatasetListing.ClassFolder folder : listing.getClassesList()) {
                int last = classes.size() - 1;
                if (last < 0 || !classes.get(last).equals(folder.getName())) {
                    classes.add(folder.getName());
                    classEnds.add(0);
                    last++;
                }
                sizes.addAll(folder.getSizesList());
                for (String image : folder.getImagesList()) {
                    names.writeBytes(FileNames.bytes(image));
                    nameEnds.add(names.size());
                }
                classEnds.set(last, nameEnds.size());
            }
        }

        SampleIndex.FolderPart part(DatasetSummary.Part said) {
            SampleIndex.Placement labelled =
                    said.getListed() ? SampleIndex.Placement.LIST : SampleIndex.Placement.CLASS_FOLDERS;
            return new SampleIndex.FolderPart(
                    said.getFolder(),
                    said.getLabelled() ? labelled : SampleIndex.Placement.ONE_FOLDER,
                    List.copyOf(classes),
                    ints(classEnds),
                    ints(nameEnds),
                    names.toByteArray());
        }

        /** By id; none if not all came. */
        long[] sizes() {
            return sizes.size() == nameEnds.size()
                    ? sizes.stream().mapToLong(Long::longValue).toArray()
                    : new long[0];
        }

        private static int[] ints(List<Integer> values) {
            return values.stream().mapToInt(Integer::intValue).toArray();
        }
    }
}
