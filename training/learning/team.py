"""One training by several processes, here or elsewhere, where TF_CONFIG names them: TensorFlow's MultiWorkerMirroredStrategy.

Each process makes every batch and trains on its own rows of it. Norms, clipping and dropout are those of the whole batch, so that
the weights come out as one process's would, but for the order in which sums are taken. Alone, nothing here touches a number.
"""

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.learning.cluster import Cluster, ClusterError
from training.learning.prefetch import Batch

PIECE = 1 << 22  # numbers that are handed on at once: what a training is about can be half a gigabyte
Step = Callable[..., Any]
Facts = dict[str, Any]  # as JSON keeps them
Arrays = dict[str, NDArray[Any]]


class Alone:
    """One process, which trains on whole batches."""

    size = 1
    is_chief = True

    def copy(self, model: keras.Model) -> keras.Model:
        """Return the network to train in the place of `model`, with its weights."""
        return model

    def scope(self) -> AbstractContextManager[object]:
        """Where the variables that everybody shares are made."""
        return nullcontext()

    def rows(self, batch: Batch) -> Batch:
        """What this process trains on."""
        return batch

    def compiled(self, step: Step) -> Step:
        compiled: Step = tf.function(step, reduce_retracing=True, autograph=False)
        return compiled

    def sum(self, gradients: list[tf.Tensor], clip_norm: float) -> list[tf.Tensor]:
        """Called in a step: what the optimizer is to apply, of gradients of the mean over this process's rows."""
        return gradients

    def mean(self, number: tf.Tensor) -> tf.Tensor:
        """Called in a step: the mean of everybody's number."""
        return number

    def tell(self, task: str, facts: Facts, arrays: Arrays) -> None:
        """Tell the others what there is to do, whole."""

    def hear(self) -> tuple[str, Facts, Arrays]:
        """Return what the chief has told."""
        raise ClusterError("There is nobody to follow: TF_CONFIG names no other process.")

    def from_chief(self, content: bytes) -> bytes:
        """Return the chief's content; that of the others is ignored."""
        return content


ALONE = Alone()


class Team(Alone):
    """This process among those that TF_CONFIG names. The first of them is the chief: it alone reads, decides and writes.

    Made before TensorFlow computes anything in this process, and waits until all are there.
    """

    def __init__(self) -> None:
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self.size = self._strategy.num_replicas_in_sync
        self._rank = Cluster.of_environment().rank
        self.is_chief = self._rank == 0
        self._add = self.compiled(self._add_here)

    def copy(self, model: keras.Model) -> keras.Model:
        """Return the same network of variables that all share, whose norms and dropout see the whole batch."""
        with self._strategy.scope():
            copied = keras.models.clone_model(model, clone_function=self._layer, recursive=True)
        for mine, own in zip(copied.variables, model.variables, strict=True):
            mine.assign(np.asarray(own))  # the state of the dropout's generator with it
        return copied

    def _layer(self, layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, keras.layers.BatchNormalization):
            config["synchronized"] = True
        if isinstance(layer, keras.layers.Dropout):
            return DropoutOfRows(self._rank, self.size, **config)
        return type(layer).from_config(config)

    def scope(self) -> AbstractContextManager[object]:
        scope: AbstractContextManager[object] = self._strategy.scope()
        return scope

    def rows(self, batch: Batch) -> Batch:
        each, rest = divmod(len(batch.labels), self.size)
        if rest:
            raise ClusterError(f"A batch of {len(batch.labels)} cannot be shared alike among {self.size} processes.")
        mine = slice(self._rank * each, (self._rank + 1) * each)
        return Batch._make(part[mine] for part in batch)

    def compiled(self, step: Step) -> Step:
        compiled: Step = tf.function(
            lambda *batch: self._strategy.run(step, batch), reduce_retracing=True, autograph=False
        )
        return compiled

    def sum(self, gradients: list[tf.Tensor], clip_norm: float) -> list[tf.Tensor]:
        """Clipped as one gradient, of the whole batch; a share of it, since the optimizer adds up what all of us give it."""
        together = tf.distribute.get_replica_context().all_reduce("mean", gradients)
        return [tf.clip_by_norm(gradient, clip_norm) / self.size for gradient in together]

    def mean(self, number: tf.Tensor) -> tf.Tensor:
        return tf.distribute.get_replica_context().all_reduce("mean", number)

    def tell(self, task: str, facts: Facts, arrays: Arrays) -> None:
        if not self.is_chief:
            raise ClusterError("Only the first process of TF_CONFIG begins a training; the others follow it.")
        parcel = io.BytesIO()
        content: dict[str, Any] = {**arrays, "facts": json.dumps([task, facts])}
        np.savez(parcel, **content)
        self.from_chief(parcel.getvalue())

    def hear(self) -> tuple[str, Facts, Arrays]:
        with np.load(io.BytesIO(self.from_chief(b"")), allow_pickle=False) as parcel:
            arrays = {name: parcel[name] for name in parcel.files}
        task, facts = json.loads(str(arrays.pop("facts")))
        return task, facts, arrays

    def from_chief(self, content: bytes) -> bytes:
        """As the chief says; it takes the time of sending it to everybody, added up with their zeros."""
        length = int(self._added_up(np.array([len(content) if self.is_chief else 0], "int64"))[0])
        numbers = np.zeros(-(-length // 4), "int32")
        if self.is_chief:
            numbers.view("uint8")[:length] = np.frombuffer(content, "uint8")
        pieces = [self._added_up(numbers[start : start + PIECE]) for start in range(0, len(numbers), PIECE)]
        return np.concatenate(pieces).tobytes()[:length] if pieces else b""

    def _added_up(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Whole numbers (N,), of which all but the chief's are 0, as the chief has them."""
        summed: NDArray[Any] = self._add(tf.constant(numbers)).numpy()
        return summed

    @staticmethod
    def _add_here(mine: tf.Tensor) -> tf.Tensor:
        here = tf.identity(mine)  # an argument is on no device yet, and what is added up must be on one
        return tf.distribute.get_replica_context().all_reduce("sum", here)


class DropoutOfRows(keras.layers.Dropout):
    """Draws for the whole batch, as one process does, and keeps what is for its own rows."""

    def __init__(self, rank: int, size: int, **options: Any) -> None:
        super().__init__(**options)
        self._rank, self._size = rank, size

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training:
            return inputs
        shape, rows = tf.shape(inputs), tf.shape(inputs)[0]
        whole = super().call(tf.ones(tf.concat([[rows * self._size], shape[1:]], 0), inputs.dtype), training=True)
        return inputs * tf.reshape(whole[self._rank * rows : (self._rank + 1) * rows], shape)


@cache
def join() -> Alone:
    """Join the others, once a process and before TensorFlow computes anything; alone where there are none."""
    return Team() if len(Cluster.of_environment().members) > 1 else ALONE
