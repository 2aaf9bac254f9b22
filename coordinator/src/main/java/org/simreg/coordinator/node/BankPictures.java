package org.simreg.coordinator.node;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.simreg.coordinator.api.BankDesk;
import org.simreg.coordinator.api.BankView;
import org.simreg.coordinator.web.PictureSearch;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.UserError;

/** The banks' pictures for the page; a sample is named by its id. */
final class BankPictures implements PictureSearch {
    private static final long MOST_BYTES = 32 << 20;
    private static final Map<String, String> TYPES =
            Map.of(
                    "jpg",
                    "image/jpeg",
                    "jpeg",
                    "image/jpeg",
                    "png",
                    "image/png",
                    "webp",
                    "image/webp");

    private final BankDesk desk;
    private final Function<SearchRequest, CompletableFuture<SearchResponse>> search;
    private final ExecutorService files;

    /**
     * @param search answers a request, or fails with its status
     * @param files reads pictures
     */
    BankPictures(
            BankDesk desk,
            Function<SearchRequest, CompletableFuture<SearchResponse>> search,
            ExecutorService files) {
        this.desk = desk;
        this.search = search;
        this.files = files;
    }

    @Override
    public Future<List<Bank>> banks() {
        return Future.succeededFuture(
                desk.views().stream()
                        .filter(BankView::ready)
                        .map(
                                bank ->
                                        new Bank(
                                                bank.record().getName(),
                                                bank.record().getRows(),
                                                bank.images().isPresent()))
                        .toList());
    }

    @Override
    public Future<List<Found>> search(String bank, Query query, int count) {
        if (query instanceof Like like) {
            return found(bank, like.file(), count);
        }
        String sample = ((LikeSample) query).sample();
        return read(() -> picture(view(bank), sample))
                .compose(one -> found(bank, one.file(), count));
    }

    private Future<List<Found>> found(String bank, byte[] picture, int count) {
        SearchRequest request =
                SearchRequest.newBuilder()
                        .setBank(bank)
                        .setK(count)
                        .addImages(ByteString.copyFrom(picture))
                        .build();
        return Future.fromCompletionStage(search.apply(request))
                .map(response -> response.getFound(0).getHitsList())
                .map(
                        hits ->
                                hits.stream()
                                        .map(
                                                hit ->
                                                        new Found(
                                                                Long.toString(hit.getId()),
                                                                hit.getLabel(),
                                                                hit.getCosine()))
                                        .toList())
                .recover(failure -> Future.failedFuture(sentence(failure)));
    }

    /** A status of the caller's making is a sentence for people. */
    private static Throwable sentence(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        return cause instanceof StatusRuntimeException status
                        && status.getStatus().getDescription() != null
                ? new UserError(status.getStatus().getDescription(), status)
                : cause;
    }

    @Override
    public Future<Picture> picture(String bank, String sample) {
        return read(() -> picture(view(bank), sample));
    }

    private <T> Future<T> read(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        files.execute(
                () -> {
                    try {
                        result.complete(task.call());
                    } catch (Exception e) {
                        result.completeExceptionally(e);
                    }
                });
        return Future.fromCompletionStage(result);
    }

    private BankView view(String bank) {
        return desk.view(bank).orElseThrow(() -> new UserError("There is no bank " + bank));
    }

    /** Only files that the bank names, in its own data set's folder, can be asked for. */
    private static Picture picture(BankView bank, String sample) throws IOException {
        if (bank.images().isEmpty() || bank.names().isEmpty()) {
            throw new UserError(
                    "The bank " + bank.record().getName() + " has features without pictures");
        }
        Path root = Path.of(bank.images().get().getDataset().getPath());
        Path file = root.resolve(bank.names().get().of(id(bank, sample)));
        if (!Files.isReadable(file) || Files.size(file) > MOST_BYTES) {
            throw new UserError("The picture of sample " + sample + " can't be read here");
        }
        String name = file.getFileName().toString();
        String suffix = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return new Picture(TYPES.getOrDefault(suffix, ""), Files.readAllBytes(file));
    }

    private static long id(BankView bank, String sample) {
        long rows = bank.record().getRows();
        if (sample.matches("\\d{1,18}") && Long.parseLong(sample) < rows) {
            return Long.parseLong(sample);
        }
        return LongStream.range(0, rows)
                .filter(id -> bank.names().orElseThrow().of(id).equals(sample))
                .findFirst()
                .orElseThrow(
                        () ->
                                new UserError(
                                        "No picture '%s' in the bank %s; give a file as its folder names it, or an id below %d"
                                                .formatted(sample, bank.record().getName(), rows)));
    }
}
