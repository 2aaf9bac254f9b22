package org.simreg.worker.data.pack;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.random.SampleOrder;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;

/** Which samples go into which shard, by their sizes now: a pure function of data set and settings. */
final class ShardPlan {
    private static final int RECORD = 512;

    /** Of a member: its header, and that of a name which has no room in it. */
    private static final int HEADERS = 4 * RECORD;

    private static final int END = 20 * RECORD;

    private final PackSettings settings;
    private final List<Shard> shards = new ArrayList<>();

    /**
     * A shard.
     *
     * @param file its name
     * @param images of the part
     * @param prefix of the members' names: the part's folder, if there are two parts
     * @param ids in order
     * @param bytes about as many, if files stay as they are
     */
    record Shard(String file, ImageList images, String prefix, int[] ids, long bytes) {
        /** The name of a sample's member. */
        String member(int id, boolean encoded) {
            String label = images.labelled() ? images.className(id) + "/" : "";
            String name = prefix + label + images.name(id);
            String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
            return encoded && !ending.equals("jpg") && !ending.equals("jpeg") ? name + ".jpg" : name;
        }
    }

    private ShardPlan(PackSettings settings) {
        this.settings = settings;
    }

    static List<Shard> of(ImageDataset data, PackSettings settings) {
        ShardPlan plan = new ShardPlan(settings);
        plan.add("train", data.train(), data.val().isPresent() ? "train/" : "");
        data.val().ifPresent(val -> plan.add("val", val, "val/"));
        return List.copyOf(plan.shards);
    }

    private void add(String part, ImageList images, String prefix) {
        int[] order = settings.shuffle()
                .map(seed -> new SampleOrder(seed, images.size()).epoch(0))
                .orElse(IntStream.range(0, images.size()).toArray());
        int first = 0;
        long bytes = END;
        int number = 0;
        for (int place = 0; place < order.length; place++) {
            long length = Math.max(0, images.bytes(order[place]));
            int name = FileNames.bytes(prefix + images.path(order[place])).length;
            long member = (name > 100 ? HEADERS : RECORD) + (length + RECORD - 1) / RECORD * RECORD;
            if (place > first && bytes + member > settings.shardBytes()) {
                shards.add(shard(part, number++, images, prefix, Arrays.copyOfRange(order, first, place), bytes));
                first = place;
                bytes = END;
            }
            bytes += member;
        }
        shards.add(shard(part, number, images, prefix, Arrays.copyOfRange(order, first, order.length), bytes));
    }

    private static Shard shard(String part, int number, ImageList images, String prefix, int[] ids, long bytes) {
        return new Shard("%s-%06d.tar".formatted(part, number), images, prefix, ids, bytes);
    }
}
