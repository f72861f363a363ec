"""The program that takes a restart signal up and restarts the target ("Agent1")."""
