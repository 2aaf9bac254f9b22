package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.view.console.BankTables;
import org.simreg.coordinator.view.web.BankPictures;
import org.simreg.coordinator.view.web.BankPictures.Match;
import org.simreg.coordinator.view.web.BankPictures.SearchableBank;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;

/** The page's search in a bank of real pictures. */
@Timeout(120)
class BankPicturesTest {
    private static final Path HEARTS = Path.of("../scripts/sample/train/smileys-emotion--heart");

    @TempDir
    static Path folder;

    private static EmbeddedNode node;
    private static BankPictures pictures;
    private static List<Path> files;

    @BeforeAll
    static void aBankOfHearts() throws IOException {
        try (Stream<Path> all = Files.list(HEARTS)) {
            files = all.sorted().toList();
        }
        SmallJob.teacher(folder.resolve("weights.safetensors"));
        node = new EmbeddedNode("test", Optional.of(folder.resolve("banks")));
        node.work(new WorkerSettings("cpu", 1, 1, folder.resolve("cache")));
        pictures = node.pictures();
        BankStatus hearts = made("hearts", HEARTS);
        assertEquals(BankStatus.State.READY, hearts.getState(), hearts.getReason());
    }

    private static BankStatus made(String name, Path data) {
        CreateBankRequest.Builder request = CreateBankRequest.newBuilder().setName(name);
        request.getSourceBuilder()
                .getImagesBuilder()
                .setSize(32)
                .setWeights(folder.resolve("weights.safetensors").toString())
                .getDatasetBuilder()
                .addPath(data.toAbsolutePath().toString());
        SearchGrpc.SearchBlockingStub search =
                SearchGrpc.newBlockingStub(node.client().channel());
        search.createBank(request.build());
        Iterator<BankStatus> states =
                search.watchBank(DescribeBankRequest.newBuilder().setName(name).build());
        BankStatus last = states.next();
        while (states.hasNext()) {
            last = states.next();
        }
        return last;
    }

    @AfterAll
    static void stopped() {
        node.close();
    }

    private static <T> T get(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    private static String refused(Future<?> future) {
        Throwable cause =
                assertThrows(CompletionException.class, () -> get(future)).getCause();
        return assertThrows(UserError.class, () -> {
                    throw cause;
                })
                .getMessage();
    }

    @Test
    void aBankThatAnswersIsListed() {
        assertTrue(
                pictures.banks().contains(new SearchableBank("hearts", files.size(), true)),
                () -> "" + pictures.banks());
        assertEquals(List.of(), BankPictures.NONE.banks());
        assertEquals("There is no bank hearts", refused(BankPictures.NONE.picture("hearts", "1")));
    }

    @Test
    void anUploadedPictureFindsItselfFirst() throws IOException {
        byte[] file = Files.readAllBytes(files.get(7));
        List<Match> found = get(pictures.searchLike("hearts", file, 5));
        assertEquals(5, found.size());
        assertEquals("7", found.get(0).sample());
        assertEquals(1, found.get(0).cosine(), 1e-6);
    }

    @Test
    void aSampleIsNamedByItsIdOrItsFile() throws IOException {
        String name = files.get(3).getFileName().toString();
        List<Match> byId = get(pictures.searchSample("hearts", "3", 4));
        assertEquals("3", byId.get(0).sample());
        assertEquals(byId, get(pictures.searchSample("hearts", name, 4)));
        BankPictures.Picture shown = get(pictures.picture("hearts", name));
        assertArrayEquals(Files.readAllBytes(files.get(3)), shown.file());
        assertEquals("image/png", shown.type());
    }

    @Test
    void nothingButTheBanksOwnPicturesIsShown() {
        assertTrue(refused(pictures.picture("hearts", "../../../README.md"))
                .startsWith("No picture '../../../README.md' in the bank hearts"));
        assertTrue(refused(pictures.picture("hearts", "-1")).startsWith("No picture '-1'"));
        assertTrue(refused(pictures.picture("none", "1")).contains("no bank none"));
    }

    @Test
    void whatIsNoPictureIsRefusedInASentence() {
        String said = refused(pictures.searchLike("hearts", new byte[] {1, 2, 3}, 5));
        assertTrue(said.contains("image") || said.contains("picture"), said);
    }

    @Test
    void picturesThatCannotBeReadAreLeftOutCountedAndNamed() throws IOException {
        Path some = Files.createDirectory(folder.resolve("some"));
        for (int i = 0; i < 8; i++) {
            byte[] file = Files.readAllBytes(files.get(i));
            Files.write(some.resolve("%d.png".formatted(i)), i == 2 ? new byte[0] : i == 5 ? cut(file) : file);
        }
        BankStatus bank = made("some", some);
        assertEquals(BankStatus.State.READY, bank.getState(), bank.getReason());
        assertEquals(6, bank.getRows());
        assertEquals(2, bank.getLeftOut());
        assertEquals(List.of("2.png", "5.png"), bank.getBrokenList());
        assertTrue(BankTables.description(bank).contains("2 images that can't be read: 2.png, 5.png\n"));
        List<Match> found = get(pictures.searchSample("some", "7", 8));
        assertEquals("7", found.get(0).sample(), "ids are those of all images");
        assertEquals(
                List.of("0", "1", "3", "4", "6", "7"),
                found.stream().map(Match::sample).sorted().toList());
        Path none = Files.createDirectory(folder.resolve("none"));
        Files.write(none.resolve("a.png"), new byte[0]);
        BankStatus failed = made("nothing", none);
        assertEquals(BankStatus.State.FAILED, failed.getState());
        assertTrue(failed.getReason().contains("can be read"), failed.getReason());
    }

    private static byte[] cut(byte[] file) {
        return Arrays.copyOf(file, file.length / 2);
    }
}
