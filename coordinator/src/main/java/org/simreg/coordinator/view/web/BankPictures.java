package org.simreg.coordinator.view.web;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.vertx.core.Future;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.simreg.coordinator.search.bank.BankView;
import org.simreg.proto.Dataset;
import org.simreg.proto.Found;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.Disk;

/**
 * The search by pictures in the banks that the live page offers; a sample is named by its id or its
 * file. Called on event loops: every method returns at once. A future fails with {@link UserError}
 * or {@code Refused} for what the user can mend; their sentence is shown.
 */
public final class BankPictures {
    private static final Map<String, String> TYPES =
            Map.of("jpg", "image/jpeg", "jpeg", "image/jpeg", "png", "image/png", "webp", "image/webp");

    /** The search where there are no banks. */
    public static final BankPictures NONE = new BankPictures(
            List::of,
            request -> CompletableFuture.failedFuture(unknown(request.getBank())),
            (dataset, path) -> new byte[0],
            new WatchedPool("simreg-pictures", 1, WatchedPool.PATIENCE));

    private final Supplier<Collection<BankView>> views;
    private final Function<SearchRequest, CompletableFuture<SearchResponse>> search;
    private final Reader reader;
    private final WatchedPool reads;

    /** The reader of a data set's pictures. */
    @FunctionalInterface
    public interface Reader {
        /**
         * The bytes of a picture.
         *
         * @param path in the data set
         * @throws IOException if it can't be read
         */
        byte[] bytes(Dataset dataset, String path) throws IOException;
    }

    /**
     * @param views what is known of all banks; any thread
     * @param search answers a request, or fails with its status
     * @param reader reads pictures
     * @param reads where they are read
     */
    public BankPictures(
            Supplier<Collection<BankView>> views,
            Function<SearchRequest, CompletableFuture<SearchResponse>> search,
            Reader reader,
            WatchedPool reads) {
        this.reader = reader;
        this.views = views;
        this.search = search;
        this.reads = reads;
    }

    /**
     * A bank that answers now.
     *
     * @param pictures how many there are
     * @param byPicture whether it can be asked with a picture that is not in it
     */
    public record SearchableBank(String name, long pictures, boolean byPicture) {}

    /**
     * A sample that was found.
     *
     * @param sample its id, which {@link #picture} takes
     * @param label class; empty if it has none
     * @param cosine -1 to 1
     */
    public record Match(String sample, String label, double cosine) {}

    /**
     * A picture to be shown.
     *
     * @param type of the file; never one that a browser takes for a page
     */
    public record Picture(String type, byte[] file) {}

    /** The banks that answer now; without any the page has no search box. */
    public List<SearchableBank> banks() {
        return views.get().stream()
                .filter(BankView::ready)
                .map(bank -> new SearchableBank(
                        bank.record().getName(),
                        bank.record().getRows(),
                        bank.images().isPresent()))
                .toList();
    }

    /**
     * Finds the nearest to a picture, nearest first.
     *
     * @param picture a JPEG, PNG or WebP file, as it was uploaded
     */
    public Future<List<Match>> searchLike(String bank, byte[] picture, int count) {
        SearchRequest request = SearchRequest.newBuilder()
                .setBank(bank)
                .setK(count)
                .addImages(ByteString.copyFrom(picture))
                .build();
        return Future.fromCompletionStage(search.apply(request))
                .map(response -> matches(response.getFound(0)))
                .recover(failure -> Future.failedFuture(sentence(failure)));
    }

    /**
     * Finds the nearest to a sample of the bank, nearest first.
     *
     * @param sample id or file name
     */
    public Future<List<Match>> searchSample(String bank, String sample, int count) {
        return picture(bank, sample).compose(one -> searchLike(bank, one.file(), count));
    }

    private static List<Match> matches(Found found) {
        return found.getHitsList().stream()
                .map(hit -> new Match(Long.toString(hit.getId()), hit.getLabel(), hit.getCosine()))
                .toList();
    }

    /** A gRPC status with a description becomes a sentence for people. */
    private static Throwable sentence(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof StatusRuntimeException status
                        && status.getStatus().getDescription() != null
                ? new UserError(status.getStatus().getDescription(), status)
                : cause;
    }

    /**
     * Reads one picture of a bank.
     *
     * @param sample id or file name
     */
    public Future<Picture> picture(String bank, String sample) {
        return Future.fromCompletionStage(reads.call(
                () -> picture(view(bank), sample),
                () -> new UserError("The storage of the picture of sample " + sample + " gives no answer")));
    }

    private BankView view(String bank) {
        return views.get().stream()
                .filter(view -> view.record().getName().equals(bank))
                .findFirst()
                .orElseThrow(() -> unknown(bank));
    }

    private static UserError unknown(String bank) {
        return new UserError("There is no bank " + bank);
    }

    /** Only files that the bank names, in its own data set's folder, can be asked for. */
    private Picture picture(BankView bank, String sample) {
        if (bank.images().isEmpty() || bank.names().isEmpty()) {
            throw new UserError("The bank " + bank.record().getName() + " has features without pictures");
        }
        String name = bank.names().get().of(id(bank, sample));
        String suffix = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        try {
            return new Picture(
                    TYPES.getOrDefault(suffix, "application/octet-stream"),
                    reader.bytes(bank.images().get().getDataset(), name));
        } catch (IOException e) {
            throw new UserError("The picture of sample %s can't be read here: %s".formatted(sample, Disk.reason(e)), e);
        }
    }

    private static long id(BankView bank, String sample) {
        long rows = bank.ids();
        if (sample.matches("\\d{1,18}") && Long.parseLong(sample) < rows) {
            return Long.parseLong(sample);
        }
        return bank.names()
                .orElseThrow()
                .find(sample)
                .orElseThrow(() -> new UserError(
                        "No picture '%s' in the bank %s; give a file as its folder names it, or an id below %d"
                                .formatted(sample, bank.record().getName(), rows)));
    }
}
